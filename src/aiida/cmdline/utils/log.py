"""Log records of the library on the terminal, in the manner of `echo`."""

from __future__ import annotations

import logging

import click

from aiida.cmdline.utils.echo import COLORS

__all__ = ("CliFormatter", "CliHandler")


class CliHandler(logging.Handler):
    """Print log records through click, so that they mix rightly with what commands print."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record; errors go to the standard error."""
        try:
            click.echo(self.format(record), err=record.levelno >= logging.ERROR, nl=getattr(record, "nl", True))
        except Exception:
            self.handleError(record)


class CliFormatter(logging.Formatter):
    """Put the word for the level before the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the coloured text of the record."""
        word = record.levelname.lower()
        text = super().format(record)
        if not getattr(record, "prefix", True):
            return text
        return click.style(f"{word.capitalize()}: ", fg=COLORS.get(word), bold=True) + text
