"""Lists of processes: which to show, and how a column of the list is made of the row of a query."""
