"""An option that takes all the words up to the next option: `-N 1 2 3`."""

from __future__ import annotations

from typing import Any

import click

from aiida.cmdline.params.types.multiple import MultipleValueParamType

__all__ = ("MultipleValueOption",)


class MultipleValueOption(click.Option):
    """Collect words until one is an option or `--`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["type"] = MultipleValueParamType(click.types.convert_type(kwargs.pop("type", None), kwargs.get("default")))
        super().__init__(*args, **kwargs)

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Teach the parser's own option to go on reading."""
        super().add_to_parser(parser, ctx)
        option = self._find(parser)
        prefixes = tuple(parser._opt_prefixes)
        process = option.process

        def collect(value: Any, state: Any) -> None:
            values = [value]
            while state.rargs and not state.rargs[0].startswith(prefixes):
                values.append(state.rargs.pop(0))
            if state.rargs and state.rargs[0] == "--":
                state.rargs.pop(0)
                state.largs.extend(state.rargs)
                state.rargs.clear()
            process(tuple(values), state)

        option.process = collect

    def _find(self, parser: Any) -> Any:
        """Return what the parser made of this option."""
        for name in self.opts:
            found = parser._long_opt.get(name) or parser._short_opt.get(name)
            if found is not None:
                return found
        raise AssertionError(f"the parser does not know {self.opts}")
