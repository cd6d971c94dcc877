"""Write data nodes to files: what all kinds have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from aiida import orm
from aiida.cmdline.params import options, types
from aiida.cmdline.utils import echo

__all__ = ("data_export", "export_options", "format_option")

EXPORT_OPTIONS = [
    click.option("--reduce-symmetry/--no-reduce-symmetry", is_flag=True, default=None, help="Write the asymmetric unit only."),
    click.option("--parameter-data", type=click.INT, default=None, help="Pk of a Dict with further properties to write."),
    click.option("--dump-aiida-database/--no-dump-aiida-database", is_flag=True, default=None, help="Write the provenance, too (TCOD)."),
    click.option("--exclude-external-contents/--no-exclude-external-contents", is_flag=True, default=None, help="Leave out files of others (TCOD)."),
    click.option("--gzip/--no-gzip", is_flag=True, default=None, help="Compress large files (TCOD)."),
    click.option("--gzip-threshold", type=click.INT, default=None, help="Size above which files are compressed (TCOD)."),
    click.option("-o", "--output", type=click.STRING, default=None, help="File to write; without it the standard output."),
    options.FORCE(help="Replace files that exist."),
]


def export_options(function: Any) -> Any:
    """Add the options that all exports have."""
    for option in reversed(EXPORT_OPTIONS):
        function = option(function)
    return function


def format_option(names: Sequence[str], default: str) -> Callable[[Any], Any]:
    """Return the option that chooses the format."""
    return options.EXPORT_FORMAT(type=types.LazyChoice(lambda: tuple(names)), default=default)


def data_export(node: orm.Data, output_fname: str | None, fileformat: str, other_args: dict[str, Any] | None = None, overwrite: bool = False) -> None:
    """Write a node to a file, or to the standard output."""
    given = {key: value for key, value in (other_args or {}).items() if value is not None}
    try:
        if output_fname is None:
            content, extra = node._exportcontent(fileformat, main_file_name="", **given)
            if extra:
                raise ValueError(f"the format {fileformat} needs more than one file: name one with `-o`")
            stream = sys.stdout.buffer
            stream.write(content)
            stream.flush()
        else:
            names = node.export(output_fname, fileformat=fileformat, overwrite=overwrite, **given)
            echo.echo_success(f"exported to: {', '.join(map(str, names))}")
    except OSError as error:
        echo.echo_critical(f"{error}. `--force` replaces a file that exists." if isinstance(error, FileExistsError) else str(error))
    except (ValueError, TypeError, ImportError) as error:
        echo.echo_critical(f"cannot write {type(node).__name__}<{node.pk}> as `{fileformat}`: {error}")


