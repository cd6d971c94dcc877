"""The parser of the template replacer."""
