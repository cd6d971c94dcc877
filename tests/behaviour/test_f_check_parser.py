"""`check_parser` finds out parsers that raise, forget, invent or meddle."""

from __future__ import annotations

from typing import Any

import pytest

from aiida import orm
from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
from aiida.parsers import Parser
from aiida.parsers.plugins.arithmetic.add import ArithmeticAddParser, SimpleArithmeticAddParser
from aiida.tools.checks import check_parser

FILES = {"aiida.out": "3\n"}
OPTIONS = {"output_filename": "aiida.out"}


class Forgetful(Parser):
    """Attaches nothing."""

    def parse(self, **kwargs: Any) -> Any:
        return None


class Meddling(ArithmeticAddParser):
    """Changes the node of the job."""

    def parse(self, **kwargs: Any) -> Any:
        self.node._project({"touched": True})
        return super().parse(**kwargs)


class Fickle(Parser):
    """Gives another result each time."""

    count = 0

    def parse(self, **kwargs: Any) -> Any:
        type(self).count += 1
        self.out("sum", orm.Int(self.count))


class Storing(Parser):
    """Stores what the engine is to store."""

    def parse(self, **kwargs: Any) -> Any:
        self.out("sum", orm.Int(3).store())


def check(parser: Any) -> Any:
    return check_parser(ArithmeticAddCalculation, FILES, parser=parser, options=OPTIONS)


def test_a_good_parser(engine: Any) -> None:
    assert check(ArithmeticAddParser)["sum"].value == 3 and check("core.arithmetic.add")["sum"].value == 3
    with pytest.raises(AssertionError, match="exit status 0"):
        check_parser(ArithmeticAddCalculation, FILES, parser=ArithmeticAddParser, options=OPTIONS, exit_status=310)


@pytest.mark.parametrize(
    "parser, words",
    [
        (SimpleArithmeticAddParser, "raised FileNotFoundError.*for no file at all"),
        (Forgetful, r"the required outputs \['sum'\] are missing"),
        (Meddling, "changed the node of the job"),
        (Fickle, "gives different outputs"),
        (Storing, r"stored the outputs \['sum'\] by itself"),
    ],
)
def test_broken_parsers_are_found_out(engine: Any, parser: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check(parser)
