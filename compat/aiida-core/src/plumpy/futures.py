"""Futures: those of asyncio."""

from asyncio import CancelledError, Future

__all__ = ("CancelledError", "Future")
