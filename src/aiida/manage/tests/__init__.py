"""Fixtures of the first generation, for test suites written against them; new ones are in `aiida.tools.pytest_fixtures`."""
