"""Sums and products."""
