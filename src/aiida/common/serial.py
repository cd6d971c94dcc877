"""The closed codec: what a process knows, as JSON, and back, with nothing to execute.

JSON values stand for themselves. Everything else is an object with a tag: `{"$": "tuple", "v": […]}`. Dictionaries whose keys are
all text (none of them `$`) stay objects; others are lists of pairs. An object that is met twice is written once (`"$": "def"`) and then
referred to (`"$": "ref"`), so that what was shared is shared again; what contains itself is refused.

Decoding builds values of the closed list below and of classes registered by our own layers (nodes, groups, computers: by UUID). A class,
an enumeration or a function is found by its import path: its module is imported, an attribute is looked up and its kind is checked;
nothing is called. Rejected: pickle, YAML with object tags and `__reduce__` (a shared profile would become code execution), and silent
conversion of tuples to lists and keys to text (work chains compare them).
"""

from __future__ import annotations

import base64
import math
import types
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from aiida.common.exceptions import DbContentError, UnstorableValue
from aiida.common.exit_code import ExitCode, ExitCodesNamespace
from aiida.common.extendeddicts import AttributeDict, AttributesFrozendict, Frozendict
from aiida.common.importing import (
    checked_path,
    find_class,
    find_object,
    import_path,
    read_class,
    read_enum,
    read_function,
    read_namedtuple,
)
from aiida.common.serial_numpy import base64_text, dtype_from_json, encode_numpy, read_array, read_scalar, write_array

__all__ = ("decode", "encode", "find_object", "import_path", "register")

TAG = "$"
Json = Any
_JSON_INT = 2**63  # larger ones are written as text: not every JSON reader keeps them exact


class _Kind(NamedTuple):
    """How a class is written: its tag, and the two directions. Both get the coder, to go on with what is inside."""

    tag: str
    to_json: Callable[[Any, Encoder, str], dict[str, Json]]
    from_json: Callable[[dict[str, Json], Decoder], Any]
    shared: bool = False


_KINDS: dict[type, _Kind] = {}
_BY_TAG: dict[str, Callable[[dict[str, Json], Decoder], Any]] = {}
_REGISTERED: list[tuple[type, _Kind]] = []


def encode(value: Any, path: str = "value") -> Json:
    """Return the value as JSON; `UnstorableValue` names the place (below `path`) and type of what cannot be written."""
    try:
        return Encoder(value).encode(value, path)
    except RecursionError:
        raise UnstorableValue(path, type(value), "it is nested too deeply") from None


def decode(data: Json) -> Any:
    """Return the value that `encode` was given; `DbContentError` if the data is not of this codec."""
    return Decoder().decode(data)


def register(tag: str, cls: type, to_json: Callable[[Any], Json], from_json: Callable[[Json], Any]) -> None:
    """Let a class and its sub-classes take part, each object by a JSON value of its own. The tag is for ever: it is in databases."""
    if tag in _BY_TAG and not any(
        kind.tag == tag and known.__qualname__ == cls.__qualname__ for known, kind in _REGISTERED
    ):
        raise ValueError(f"the tag `{tag}` is taken")
    kind = _Kind(tag, lambda value, _, __: {"v": to_json(value)}, lambda data, _: from_json(data["v"]), shared=True)
    _REGISTERED[:] = [(known, old) for known, old in _REGISTERED if old.tag != tag]
    _REGISTERED.append((cls, kind))
    _find_kind.cache.clear()  # type: ignore[attr-defined]
    _BY_TAG[tag] = kind.from_json


def encode_and_read_back(value: Any, path: str = "value") -> Json:
    """`encode`, and a look whether the same would come back: of our own kinds it does, by their tests; what else is there is tried."""
    encoder = Encoder(value)
    try:
        data = encoder.encode(value, path)
    except RecursionError:
        raise UnstorableValue(path, type(value), "it is nested too deeply") from None
    if encoder.strangers:
        first = encoder.strangers[0]
        try:
            again = encode(decode(data), path)
        except Exception as error:
            raise UnstorableValue(path, first, f"it cannot be read back: {error}") from error
        if again != data:
            raise UnstorableValue(path, first, "something else is read back than was written")
    return data


def _is_strange(cls: type, kind: _Kind | None) -> bool:
    """Tell whether what comes back depends on code of others. Of a class that we registered it does not, nor of its sub-classes."""
    if kind is not None and kind is not _FIELDS:
        return any(known is kind and not base.__module__.startswith("aiida.") for base, known in _REGISTERED)
    return cls.__module__.partition(".")[0] not in ("aiida", "builtins", "numpy")


class Encoder:
    """Writes one value."""

    def __init__(self, root: Any) -> None:
        self._shared = _find_shared(root)
        self._names: dict[int, int] = {}
        self._open: set[int] = set()
        self.strangers: list[type] = []  # classes of others: what they make of what is written, only reading it back can tell

    def encode(self, value: Any, path: str) -> Json:
        cls = type(value)
        if value is None or cls is bool:
            return value
        if cls is str:
            return (
                value
                if value.isascii() or _is_unicode(value)
                else {TAG: "str", "v": base64_text(value.encode("utf-16", "surrogatepass"))}
            )
        if cls is int:
            return value if -_JSON_INT <= value < _JSON_INT else {TAG: "int", "v": str(value)}
        if cls is float:
            return value if math.isfinite(value) else {TAG: "float", "v": repr(value)}
        kind = _find_kind(cls)
        if kind is not _DICT and kind is not _LIST and kind not in _OURS and _is_strange(cls, kind):
            self.strangers.append(cls)
        if kind is None:
            return self._encode_importable(value, path)
        return self._encode_object(value, kind, path)

    def _encode_importable(self, value: Any, path: str) -> Json:
        if isinstance(value, Enum):
            names = [member.name for member in value] if isinstance(value, Flag) else [value.name]
            return {TAG: "enum", "c": checked_path(type(value), path), "v": names}
        if isinstance(value, type):
            return {TAG: "class", "v": checked_path(value, path)}
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
            return {TAG: "function", "v": checked_path(value, path)}
        if isinstance(value, tuple) and hasattr(type(value), "_fields"):
            return {TAG: "namedtuple", "c": checked_path(type(value), path), "v": self.encode_all(value, path)}
        numpy_value = encode_numpy(value, self, path)
        if numpy_value is not None:
            return numpy_value
        raise UnstorableValue(path, type(value))

    def _encode_object(self, value: Any, kind: _Kind, path: str) -> Json:
        if id(value) not in self._shared:
            return self._write(value, kind, path)
        if id(value) in self._open:
            raise UnstorableValue(path, type(value), "it contains itself")
        if id(value) in self._names:
            return {TAG: "ref", "id": self._names[id(value)]}
        name = self._names[id(value)] = len(self._names)
        self._open.add(id(value))
        data = self._write(value, kind, path)
        self._open.discard(id(value))
        return {TAG: "def", "id": name, "v": data}

    def _write(self, value: Any, kind: _Kind, path: str) -> Json:
        if kind is _LIST:
            return self.encode_all(value, path)
        if kind is _DICT and all(type(key) is str and key != TAG and key.isascii() for key in value):
            return {key: self.encode(item, f"{path}.{key}") for key, item in value.items()}
        return {TAG: kind.tag, **kind.to_json(value, self, path)}

    def encode_all(self, values: Iterable[Any], path: str) -> list[Json]:
        return [self.encode(item, f"{path}[{number}]") for number, item in enumerate(values)]

    def encode_pairs(self, value: Mapping[Any, Any], path: str) -> list[Json]:
        return [
            [self.encode(key, f"{path} (key {key!r:.50})"), self.encode(item, f"{path}[{key!r:.50}]")]
            for key, item in value.items()
        ]


class Decoder:
    """Reads one value."""

    def __init__(self) -> None:
        self._named: dict[int, Any] = {}

    def decode(self, data: Json) -> Any:
        if isinstance(data, list):
            return [self.decode(item) for item in data]
        if not isinstance(data, dict):
            return data
        tag = data.get(TAG)
        if tag is None:
            return {key: self.decode(item) for key, item in data.items()}
        try:
            if tag == "def":
                value = self._named[data["id"]] = self.decode(data["v"])
                return value
            if tag == "ref":
                return self._named[data["id"]]
            reader = _BY_TAG[tag]
        except KeyError as exc:
            raise DbContentError(
                f"stored process state holds something unknown: tag `{tag}`, {exc} is missing"
            ) from None
        return reader(data, self)

    def decode_pairs(self, pairs: list[Json]) -> dict[Any, Any]:
        return {self.decode(key): self.decode(value) for key, value in pairs}


def _find_shared(root: Any) -> set[int]:
    """Return the identities of the objects that are met more than once from the root."""
    seen: set[int] = set()
    shared: set[int] = set()
    stack = [root]
    while stack:
        value = stack.pop()
        kind = _find_kind(type(value)) if type(value) not in _SCALARS else None
        if kind is None or not kind.shared:
            if isinstance(value, tuple | set | frozenset):
                stack.extend(value)
            continue
        if id(value) in seen:
            shared.add(id(value))
            continue
        seen.add(id(value))
        if isinstance(value, Mapping):
            stack.extend(value.keys())
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        elif kind is _ARRAY and value.dtype.hasobject:
            stack.extend(value.ravel())
    return shared


_SCALARS = frozenset((str, int, float, bool, type(None)))


def _find_kind(cls: type) -> _Kind | None:
    """Return how objects of exactly this class are written; registered classes take their sub-classes along."""
    cache = _find_kind.cache  # type: ignore[attr-defined]
    if cls not in cache:
        kind = _KINDS.get(cls) or next((kind for base, kind in _REGISTERED if issubclass(cls, base)), None)
        if kind is None and cls.__module__ == "numpy" and cls.__name__ == "ndarray":
            kind = _ARRAY
        if kind is None and issubclass(cls, AttributeDict):
            kind = _FIELDS
        cache[cls] = kind
    found: _Kind | None = cache[cls]
    return found


_find_kind.cache = {}  # type: ignore[attr-defined]


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


# --- the closed list ---------------------------------------------------------------------------------------------------------


def _kind(
    cls: type | None,
    tag: str,
    to_json: Callable[..., Any],
    from_json: Callable[..., Any],
    *,
    shared: bool = False,
    inner: bool = False,
) -> _Kind:
    """Enter a kind; without `inner`, both functions deal with a plain value, with it they get the coder too."""
    write: Callable[[Any, Encoder, str], dict[str, Json]]
    read: Callable[[dict[str, Json], Decoder], Any]
    if inner:
        write = lambda value, coder, path: {"v": to_json(value, coder, path)}
        read = lambda data, coder: from_json(data["v"], coder)
    else:
        write = lambda value, coder, path: {"v": to_json(value)}
        read = lambda data, coder: from_json(data["v"])
    kind = _Kind(tag, write, read, shared)
    if cls is not None:
        _KINDS[cls] = kind
    _BY_TAG[tag] = read
    return kind


def _items(value: Any, coder: Encoder, path: str) -> Json:
    return coder.encode_all(value, path)


def _pairs(value: Any, coder: Encoder, path: str) -> Json:
    return coder.encode_pairs(value, path)


def _sorted_items(value: Any, coder: Encoder, path: str) -> Json:
    # The same set gives the same text, so that snapshots can be compared.
    return sorted((coder.encode(item, f"{path}{{…}}") for item in value), key=repr)


def _fill(new: Any, content: Mapping[Any, Any]) -> Any:
    dict.update(new, content)
    return new


def _datetime_to_json(value: datetime) -> Json:
    data: dict[str, Json] = {"iso": value.isoformat()}
    if value.fold:
        data["fold"] = value.fold
    if isinstance(value.tzinfo, ZoneInfo) and value.tzinfo.key:
        data["zone"] = value.tzinfo.key
    return data


def _datetime_from_json(data: dict[str, Any]) -> datetime:
    value = datetime.fromisoformat(data["iso"])
    if "zone" in data:
        value = value.replace(tzinfo=ZoneInfo(data["zone"]))
    return value.replace(fold=data.get("fold", 0))


# Called when a key is missing, so only classes that do nothing else than being empty.
_FACTORIES: dict[str, Any] = {cls.__name__: cls for cls in (list, dict, set, int, float, str, bool, tuple)}


def _defaultdict_to_json(value: defaultdict[Any, Any], coder: Encoder, path: str) -> Json:
    factory = value.default_factory
    if factory is not None and factory not in _FACTORIES.values():
        raise UnstorableValue(path, defaultdict, f"its default factory must be one of {', '.join(_FACTORIES)}")
    return [getattr(factory, "__name__", None), coder.encode_pairs(value, path)]


def _defaultdict_from_json(data: Json, coder: Decoder) -> defaultdict[Any, Any]:
    return defaultdict(None if data[0] is None else _FACTORIES[data[0]], coder.decode_pairs(data[1]))


_DICT = _kind(dict, "dict", _pairs, lambda data, coder: coder.decode_pairs(data), shared=True, inner=True)
_LIST = _kind(list, "list", _items, lambda data, coder: [coder.decode(item) for item in data], shared=True, inner=True)
_kind(None, "int", str, int)
_kind(None, "float", repr, float)
_kind(None, "str", str, lambda data: base64.b64decode(data).decode("utf-16", "surrogatepass"))
_kind(tuple, "tuple", _items, lambda data, coder: tuple(coder.decode(item) for item in data), inner=True)
_kind(set, "set", _sorted_items, lambda data, coder: {coder.decode(item) for item in data}, shared=True, inner=True)
_kind(
    frozenset,
    "frozenset",
    _sorted_items,
    lambda data, coder: frozenset(coder.decode(item) for item in data),
    inner=True,
)
_kind(bytes, "bytes", base64_text, base64.b64decode)
_kind(bytearray, "bytearray", base64_text, lambda data: bytearray(base64.b64decode(data)), shared=True)
_kind(
    complex,
    "complex",
    lambda value: [repr(value.real), repr(value.imag)],
    lambda data: complex(float(data[0]), float(data[1])),
)
_kind(range, "range", lambda value: [value.start, value.stop, value.step], lambda data: range(*data))
_kind(OrderedDict, "odict", _pairs, lambda data, coder: OrderedDict(coder.decode_pairs(data)), shared=True, inner=True)
_kind(
    Counter, "counter", _pairs, lambda data, coder: _fill(Counter(), coder.decode_pairs(data)), shared=True, inner=True
)
_kind(defaultdict, "defaultdict", _defaultdict_to_json, _defaultdict_from_json, shared=True, inner=True)
_kind(
    AttributeDict,
    "attrs",
    _pairs,
    lambda data, coder: _fill(AttributeDict(), coder.decode_pairs(data)),
    shared=True,
    inner=True,
)
_kind(Frozendict, "frozen", _pairs, lambda data, coder: Frozendict(coder.decode_pairs(data)), shared=True, inner=True)
_kind(
    AttributesFrozendict,
    "inputs",
    _pairs,
    lambda data, coder: AttributesFrozendict(coder.decode_pairs(data)),
    shared=True,
    inner=True,
)
_kind(ExitCode, "exit_code", list, lambda data: ExitCode(*data))
_kind(
    ExitCodesNamespace,
    "exit_codes",
    _pairs,
    lambda data, coder: _fill(ExitCodesNamespace(), coder.decode_pairs(data)),
    shared=True,
    inner=True,
)
_kind(datetime, "datetime", _datetime_to_json, _datetime_from_json)
_kind(date, "date", date.isoformat, date.fromisoformat)
_kind(time, "time", time.isoformat, time.fromisoformat)
_kind(
    timedelta, "timedelta", lambda value: [value.days, value.seconds, value.microseconds], lambda data: timedelta(*data)
)
_kind(
    timezone,
    "timezone",
    lambda value: [value.utcoffset(None).total_seconds(), value.tzname(None)],
    lambda data: UTC if data == [0, "UTC"] else timezone(timedelta(seconds=data[0]), data[1]),
)
_kind(ZoneInfo, "zone", lambda value: value.key, ZoneInfo)
_kind(UUID, "uuid", str, UUID)
_kind(Decimal, "decimal", str, Decimal)
_kind(slice, "slice", lambda value, coder, path: coder.encode_all((value.start, value.stop, value.step), path),
      lambda data, coder: slice(*(coder.decode(item) for item in data)), inner=True)  # fmt: skip
_kind(type(...), "ellipsis", lambda value: None, lambda data: ...)

# A path of this machine's kind and a pure one; which class a `Path` is depends on the system.
_kind(type(Path()), "path", str, Path)
_kind(PurePosixPath, "posixpath", str, PurePosixPath)
_kind(PureWindowsPath, "winpath", str, PureWindowsPath)


def _write_fields(value: Any, coder: Encoder, path: str) -> dict[str, Json]:
    return {"c": checked_path(type(value), path), "v": coder.encode_pairs(value, path)}


def _read_fields(data: dict[str, Json], coder: Decoder) -> Any:
    cls = find_class(data["c"], AttributeDict)
    return _fill(dict.__new__(cls), coder.decode_pairs(data["v"]))


_FIELDS = _Kind("fields", _write_fields, _read_fields, shared=True)
_OURS = frozenset(_KINDS.values())
_BY_TAG.update(
    {
        "enum": read_enum,
        "class": read_class,
        "function": read_function,
        "namedtuple": read_namedtuple,
        "fields": _read_fields,
    }
)


_ARRAY = _Kind("array", write_array, read_array, shared=True)
_BY_TAG.update({"array": read_array, "scalar": read_scalar, "dtype": lambda data, coder: dtype_from_json(data["v"])})
