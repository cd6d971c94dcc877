"""Sums, by a shell."""
