"""Options of single commands, for those who build similar ones."""
