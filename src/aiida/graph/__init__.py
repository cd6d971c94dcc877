"""What is true, without asking anybody: records, node types, the table of links, queries as values."""
