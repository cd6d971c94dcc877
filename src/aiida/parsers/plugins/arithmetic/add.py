"""Parsers of a sum."""

from __future__ import annotations

from typing import Any, cast

from aiida.common.exit_code import ExitCode
from aiida.orm import Int
from aiida.parsers.parser import Parser

__all__ = ("ArithmeticAddParser", "SimpleArithmeticAddParser")


class ArithmeticAddParser(Parser):
    """Read the sum; say what is wrong with it."""

    def parse(self, **kwargs: Any) -> ExitCode | None:
        """Read the output file."""
        try:
            content = self.retrieved.base.repository.get_object_content(self.node.get_option("output_filename"))
        except OSError:
            return cast(ExitCode, self.exit_codes.ERROR_READING_OUTPUT_FILE)
        except UnicodeDecodeError:
            return cast(ExitCode, self.exit_codes.ERROR_INVALID_OUTPUT)
        try:
            total = int(content)
        except ValueError:
            return cast(ExitCode, self.exit_codes.ERROR_INVALID_OUTPUT)
        self.out("sum", Int(total))
        return cast(ExitCode, self.exit_codes.ERROR_NEGATIVE_NUMBER) if total < 0 else None


class SimpleArithmeticAddParser(Parser):
    """Read the sum, trusting that all went well."""

    def parse(self, **kwargs: Any) -> ExitCode | None:
        """Read the output file."""
        content = self.retrieved.base.repository.get_object_content(self.node.get_option("output_filename"))
        self.out("sum", Int(int(content)))
        return None
