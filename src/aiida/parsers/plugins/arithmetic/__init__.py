"""The parser of sums."""
