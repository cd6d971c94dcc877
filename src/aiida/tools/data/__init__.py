"""Helpers for data types: conversions that leave provenance, symmetry, paths of k-points, orbitals."""
