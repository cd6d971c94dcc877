"""From a query as a value to SQL: one compiler for both databases, statements kept by the shape of the query."""
