"""Importers of jobs that were run without the engine."""
