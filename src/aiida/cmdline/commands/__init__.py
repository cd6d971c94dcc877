"""The commands of `verdi`, a module per group. They read arguments, call the library and print; nothing else is decided here."""
