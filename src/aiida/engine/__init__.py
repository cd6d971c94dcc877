"""Making processes happen."""
