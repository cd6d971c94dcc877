"""Functions that watch running jobs."""
