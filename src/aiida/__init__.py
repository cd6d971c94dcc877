"""Radames: an independent implementation of the AiiDA system."""
