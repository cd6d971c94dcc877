"""The importer of sums."""
