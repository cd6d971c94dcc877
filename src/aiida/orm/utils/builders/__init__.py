"""Computers and codes from plain settings, and settings from them: what the command line fills in and shows."""
