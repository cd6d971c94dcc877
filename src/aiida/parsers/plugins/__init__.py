"""The parsers that come with the package."""
