"""Helpers for array types: structures out of trajectories, paths of k-points."""
