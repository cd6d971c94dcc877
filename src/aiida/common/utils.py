"""Small tools that plugins import from here."""

from __future__ import annotations

import filecmp
import io
import itertools
import os
import re
import sys
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, ClassVar, TypeVar
from urllib.parse import unquote

from aiida.common.exceptions import ValidationError
from aiida.common.lang import classproperty

__all__ = (
    "DEFAULT_BATCH_SIZE",
    "DEFAULT_FILTER_SIZE",
    "ArrayCounter",
    "Capturing",
    "DatetimePrecision",
    "ErrorAccumulator",
    "Prettifier",
    "are_dir_trees_equal",
    "batch_iter",
    "classproperty",
    "format_directory_size",
    "get_class_string",
    "get_new_uuid",
    "get_object_from_string",
    "get_unique_filename",
    "grouper",
    "join_labels",
    "prettify_labels",
    "str_timedelta",
    "url2pathname",
    "validate_list_of_string_tuples",
    "validate_uuid",
)

T = TypeVar("T")

# How many values an `in` filter takes at most in one statement, and how many rows one insert.
DEFAULT_FILTER_SIZE = 999
DEFAULT_BATCH_SIZE = 1000

_Labels = list[tuple[float, str]]


def get_new_uuid() -> str:
    """Return a new random UUID as text."""
    return str(uuid.uuid4())


def validate_uuid(given_uuid: str) -> bool:
    """Whether the text is a UUID in its usual form, with dashes and in lower case."""
    try:
        return str(uuid.UUID(given_uuid)) == given_uuid
    except (ValueError, AttributeError, TypeError):
        return False


def validate_list_of_string_tuples(val: Any, tuple_length: int) -> bool:
    """Return True if the value is a list of tuples of `tuple_length` texts; raise `ValidationError` otherwise."""
    valid = isinstance(val, list | tuple) and all(
        isinstance(row, list | tuple) and len(row) == tuple_length and all(isinstance(text, str) for text in row)
        for row in val
    )
    if not valid:
        raise ValidationError(
            "the value must be a list (or tuple) of length-N list (or tuples), "
            f"whose elements are strings; N={tuple_length}"
        )
    return True


def get_unique_filename(filename: str, list_of_filenames: list[str] | tuple[str, ...]) -> str:
    """Return the name, with `-1`, `-2`, … before its extension if it is in the list already."""
    if filename not in list_of_filenames:
        return filename
    base, extension = os.path.splitext(filename)
    candidates = (f"{base}-{number}{extension}" for number in itertools.count(1))
    return next(name for name in candidates if name not in list_of_filenames)


_UNITS = (("D", 86400), ("h", 3600), ("m", 60), ("s", 1))


def str_timedelta(dt: timedelta, max_num_fields: int = 3, short: bool = False, negative_to_zero: bool = False) -> str:
    """Return a time difference as text, `3D:02h:05m ago`, with `max_num_fields` fields at most.

    With `short`, leading fields that are zero are left out; with `negative_to_zero` the future counts as now.
    """
    if max_num_fields <= 0:
        raise ValueError(f"max_num_fields must be positive, not {max_num_fields}")
    seconds = int(abs(dt.total_seconds()))
    future = dt.total_seconds() < 0
    if future and negative_to_zero:
        seconds, future = 0, False

    fields: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        fields.append((number, unit))
    least = 1 if short else max_num_fields
    while len(fields) > least and fields[0][0] == 0:
        del fields[0]

    (first, unit), *rest = fields[:max_num_fields]
    text = ":".join([f"{first}{unit}", *(f"{number:02d}{unit}" for number, unit in rest)])
    return f"{text} {'in the future' if future else 'ago'}"


def get_class_string(obj: Any) -> str:
    """Return `module.Name` of a class, or of the class of an object."""
    cls = obj if isinstance(obj, type) else type(obj)
    return f"{cls.__module__}.{cls.__name__}"


def get_object_from_string(class_string: str) -> Any:
    """Import and return what a dotted path names."""
    module, _, name = class_string.rpartition(".")
    return getattr(import_module(module), name)


def grouper(n: int, iterable: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Yield tuples of `n` items; the last one may be shorter."""
    iterator = iter(iterable)
    while chunk := tuple(itertools.islice(iterator, n)):
        yield chunk


def batch_iter(
    iterable: Iterable[T], size: int, transform: Callable[[T], Any] | None = None
) -> Iterator[tuple[int, list[Any]]]:
    """Yield lists of `size` items at most, each with its length; items are passed through `transform`."""
    for chunk in grouper(size, iterable):
        yield len(chunk), list(chunk) if transform is None else [transform(item) for item in chunk]


def format_directory_size(size_in_bytes: int) -> str:
    """Return a number of bytes as text with a unit, `1.43 MB` (a KB being 1024 B)."""
    if size_in_bytes < 0:
        raise ValueError("Size cannot be negative.")
    size = float(size_in_bytes)
    units = ("B", "KB", "MB", "GB", "TB")
    for unit in units:
        if size < 1024 or unit == units[-1]:
            break
        size /= 1024
    return f"{size:.2f} {unit}"


def url2pathname(url: str) -> str:
    """Return the path of a `file:` URL, without escapes."""
    return unquote(url)


def are_dir_trees_equal(dir1: str, dir2: str) -> tuple[bool, str]:
    """Compare two folders with all their content; return whether they are equal, and a message about the first difference."""
    compared = filecmp.dircmp(dir1, dir2, ignore=[])
    if compared.left_only or compared.right_only:
        return False, f"only in {dir1}: {compared.left_only}; only in {dir2}: {compared.right_only}"
    _, mismatch, errors = filecmp.cmpfiles(dir1, dir2, compared.common_files + compared.common_funny, shallow=False)
    if mismatch or errors:
        return False, f"different content: {mismatch}; not comparable: {errors} (in {dir1} and {dir2})"
    for name in compared.common_dirs:
        equal, message = are_dir_trees_equal(os.path.join(dir1, name), os.path.join(dir2, name))
        if not equal:
            return False, message
    return True, f"{dir1} and {dir2} are equal"


class ArrayCounter:
    """Counts up: 0, 1, 2, …"""

    seq: int | None = None

    def __init__(self) -> None:
        self.seq = -1

    def array_counter(self) -> int:
        """Return the next number, from 0 on."""
        self.seq = (-1 if self.seq is None else self.seq) + 1
        return self.seq


class DatetimePrecision:
    """A time and how exact it is: the number of its fields that count, from the year on."""

    def __init__(self, dtobj: datetime, precision: int) -> None:
        if not isinstance(dtobj, datetime):
            raise TypeError("dtobj argument has to be a datetime object")
        if not isinstance(precision, int):
            raise TypeError("precision argument has to be an integer")
        self.dtobj = dtobj
        self.precision = precision


class Capturing:
    """Within the context, what is written to standard output (and error) is kept as lines instead."""

    def __init__(self, capture_stderr: bool = False) -> None:
        self.stdout_lines: list[str] = []
        self.stderr_lines: list[str] | None = [] if capture_stderr else None

    def __enter__(self) -> Capturing:
        self._streams = (sys.stdout, sys.stderr)
        self._out, self._err = io.StringIO(), io.StringIO()
        sys.stdout = self._out
        if self.stderr_lines is not None:
            sys.stderr = self._err
        return self

    def __exit__(self, *args: Any) -> None:
        sys.stdout, sys.stderr = self._streams
        self.stdout_lines.extend(self._out.getvalue().splitlines())
        if self.stderr_lines is not None:
            self.stderr_lines.extend(self._err.getvalue().splitlines())

    def __str__(self) -> str:
        return str(self.stdout_lines)

    def __iter__(self) -> Iterator[str]:
        return iter(self.stdout_lines)


class ErrorAccumulator:
    """Runs functions and collects their exceptions of the given kinds."""

    def __init__(self, *error_cls: type[Exception]) -> None:
        self.error_cls = error_cls
        self.errors: dict[type[Exception], list[Exception]] = defaultdict(list)

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call the function; keep its exception if it is of one of the kinds."""
        try:
            function(*args, **kwargs)
        except self.error_cls as exc:
            self.errors[type(exc)].append(exc)

    def success(self) -> bool:
        """Whether nothing was collected."""
        return not self.errors

    def result(
        self, raise_error: type[Exception] | None = Exception
    ) -> tuple[bool, dict[type[Exception], list[Exception]]]:
        """Return success and what was collected; with `raise_error`, raise that instead if there is anything."""
        if raise_error:
            self.raise_errors(raise_error)
        return self.success(), self.errors

    def raise_errors(self, raise_cls: type[Exception]) -> None:
        """Raise one exception that tells of all collected ones, if any."""
        if not self.success():
            raise raise_cls(f"The following errors were encountered: {dict(self.errors)}")


# Styles of labels of points in reciprocal space: how Greek names and indices are written. In simple labels `G` is the
# zone's centre and digits are indices; in seekpath's, names of letters are spelt out and an index follows a line.
_GREEK = {"GAMMA": ("Γ", "G"), "DELTA": ("Δ", "D"), "LAMBDA": ("Λ", "L"), "SIGMA": ("Σ", "S")}
_INDEX = re.compile(r"_(.)")
_DIGITS = re.compile(r"(\d+)")


def _pretty(label: str, simple: bool, greek: Callable[[str], str], centre: str, index: str) -> str:
    if simple:
        return centre if label == "G" else _DIGITS.sub(index, label)
    for name in _GREEK:
        label = label.replace(name, greek(name))
    return _INDEX.sub(index, label)


def _agr(label: str, simple: bool) -> str:
    return _pretty(label, simple, lambda name: rf"\x{_GREEK[name][1]}\f{{}}", r"\xG", r"\\s\1\\N")


def _gnuplot(label: str, simple: bool) -> str:
    return _pretty(label, simple, lambda name: _GREEK[name][0], "Γ", r"_{\1}")


def _latex(label: str, simple: bool) -> str:
    return _pretty(label, simple, lambda name: rf"$\{name.capitalize()}$", r"$\Gamma$", r"$_{\1}$")


class Prettifier:
    """Writes labels of points in reciprocal space for Grace, gnuplot or LaTeX."""

    _STYLES: ClassVar[dict[str, Callable[[str], str]]] = {
        "agr_seekpath": lambda label: _agr(label, False),
        "agr_simple": lambda label: _agr(label, True),
        "gnuplot_seekpath": lambda label: _gnuplot(label, False),
        "gnuplot_simple": lambda label: _gnuplot(label, True),
        "latex_seekpath": lambda label: _latex(label, False),
        "latex_simple": lambda label: _latex(label, True),
        "pass": lambda label: label,
    }

    def __init__(self, format: str | None) -> None:
        style = "pass" if format is None else format
        if style not in self._STYLES:
            raise ValueError(f"Unknown prettifier format {style}; valid formats: {', '.join(self.get_prettifiers())}")
        self._prettify = self._STYLES[style]

    @classproperty
    def prettifiers(cls) -> dict[str, Callable[[str], str]]:
        """The styles by name."""
        return dict(cls._STYLES)

    @classmethod
    def get_prettifiers(cls) -> list[str]:
        """Return the names of the styles."""
        return sorted(cls._STYLES)

    def prettify(self, label: str) -> str:
        """Return the label in this style."""
        return self._prettify(label)


def prettify_labels(labels: _Labels, format: str | None = None) -> _Labels:
    """Return the labels of a path in a style of `Prettifier`."""
    prettifier = Prettifier(format)
    return [(position, prettifier.prettify(label)) for position, label in labels]


def join_labels(labels: _Labels, join_symbol: str = "|", threshold: float = 1e-6) -> list[list[Any]]:
    """Join labels of neighbouring points that lie at the same position."""
    joined: list[list[Any]] = []
    for position, label in labels:
        if joined and abs(position - joined[-1][0]) < threshold:
            joined[-1][1] += f"{join_symbol}{label}"
        else:
            joined.append([position, label])
    return joined
