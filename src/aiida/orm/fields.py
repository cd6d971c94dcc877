"""Query fields: `Dict.fields.label == 'x'` is a filter, `Dict.fields.extras['a']` a projection.

The operators that a field offers follow from its type. Which fields a class has is found in `entity_fields`.
"""

from __future__ import annotations

import datetime
import types
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pprint import pformat
from uuid import UUID

from aiida.common.warnings import warn_deprecation

__all__ = (
    "QbAnyField",
    "QbArrayField",
    "QbAttributesField",
    "QbBoolField",
    "QbDictField",
    "QbField",
    "QbFieldFilters",
    "QbFields",
    "QbNumericField",
    "QbStrField",
    "add_field",
    "extract_root_type",
)


class QbField:
    """A field of an entity."""

    __slots__ = ("_backend_key", "_doc", "_dtype", "_is_attribute", "_is_subscriptable", "_key")

    def __init__(
        self,
        key: str,
        alias: str | None = None,
        *,
        dtype: t.Any | None = None,
        doc: str = "",
        is_attribute: bool = True,
        is_subscriptable: bool = False,
    ) -> None:
        self._key = key
        self._backend_key = alias if alias is not None else key
        self._doc = doc
        self._dtype = dtype
        self._is_attribute = is_attribute
        self._is_subscriptable = is_subscriptable

    @property
    def key(self) -> str:
        """The name by which the class offers the field."""
        return self._key

    @property
    def backend_key(self) -> str:
        """The name in the query language."""
        return f"attributes.{self._backend_key}" if self._is_attribute else self._backend_key

    @property
    def doc(self) -> str:
        """What the field holds."""
        return self._doc

    @property
    def dtype(self) -> t.Any | None:
        """The type of the values without what it is made of: `list` for `list[int] | None`; `annotation` says all."""
        return t.Literal if t.get_origin(self._dtype) is t.Literal else extract_root_type(self._dtype)

    @property
    def annotation(self) -> t.Any | None:
        """The type of the values, by its old name."""
        warn_deprecation(
            "`QbField.annotation` is deprecated. Inspect the corresponding ORM model field annotation instead.", version=3, stacklevel=3
        )
        return self._dtype

    @property
    def is_attribute(self) -> bool:
        """Whether the field lies in the attributes."""
        return self._is_attribute

    @property
    def is_subscriptable(self) -> bool:
        """Whether parts of the value can be named."""
        return self._is_subscriptable

    def __repr__(self) -> str:
        flag = ", is_subscriptable=True" if self.is_subscriptable else ""
        return f"{type(self).__name__}({self.backend_key!r}, dtype={_show(self._dtype)}, doc={self._doc!r}{flag})"

    def __str__(self) -> str:
        mark = "[...]" if self.is_subscriptable else ""
        return f"{type(self).__name__}({self.backend_key}{mark}) -> {_show(self._dtype)}"

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, value: t.Any) -> QbFieldFilters:  # type: ignore[override]
        return QbFieldFilters([(self, "==", value)])

    def __ne__(self, value: t.Any) -> QbFieldFilters:  # type: ignore[override]
        return QbFieldFilters([(self, "!==", value)])

    def in_(self, value: Iterable[t.Any]) -> QbFieldFilters:
        """The value is one of these."""
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise TypeError("in_ must be given an iterable (list, tuple, …) of values")
        return QbFieldFilters([(self, "in", value)])

    if not t.TYPE_CHECKING:

        def __dir__(self) -> list[str]:
            return [name for name in super().__dir__() if not name.startswith("__")]


class QbNumericField(QbField):
    """A field whose values have an order: numbers and moments."""

    def __lt__(self, value: t.Any) -> QbFieldFilters:
        return QbFieldFilters([(self, "<", value)])

    def __le__(self, value: t.Any) -> QbFieldFilters:
        return QbFieldFilters([(self, "<=", value)])

    def __gt__(self, value: t.Any) -> QbFieldFilters:
        return QbFieldFilters([(self, ">", value)])

    def __ge__(self, value: t.Any) -> QbFieldFilters:
        return QbFieldFilters([(self, ">=", value)])


class QbBoolField(QbField):
    """A field that is true or false; by itself it is the filter that it is true."""

    def as_filter(self) -> QbFieldFilters:
        """The value is true."""
        return QbFieldFilters([(self, "==", True)])

    def __and__(self, other: QbFieldFilters | QbBoolField) -> QbFieldFilters:
        return self.as_filter() & other

    def __or__(self, other: QbFieldFilters | QbBoolField) -> QbFieldFilters:
        return self.as_filter() | other

    def __invert__(self) -> QbFieldFilters:
        return ~self.as_filter()


class QbArrayField(QbField):
    """A list."""

    def contains(self, value: t.Any) -> QbFieldFilters:
        """The list holds all these."""
        return QbFieldFilters([(self, "contains", value)])

    def of_length(self, value: int) -> QbFieldFilters:
        """The list has this length."""
        return QbFieldFilters([(self, "of_length", value)])

    def longer(self, value: int) -> QbFieldFilters:
        """The list is longer."""
        return QbFieldFilters([(self, "longer", value)])

    def shorter(self, value: int) -> QbFieldFilters:
        """The list is shorter."""
        return QbFieldFilters([(self, "shorter", value)])


class QbStrField(QbField):
    """A text."""

    def like(self, value: str) -> QbFieldFilters:
        """The text fits the pattern of `%` and `_`."""
        return QbFieldFilters([(self, "like", value)])

    def ilike(self, value: str) -> QbFieldFilters:
        """The text fits the pattern, upper or lower case."""
        return QbFieldFilters([(self, "ilike", value)])


class QbDictField(QbField):
    """A dictionary; its items are fields too."""

    def __init__(
        self,
        key: str,
        alias: str | None = None,
        *,
        dtype: t.Any | None = None,
        doc: str = "",
        is_attribute: bool = True,
        is_subscriptable: bool = True,
    ) -> None:
        super().__init__(key, alias, dtype=dtype, doc=doc, is_attribute=is_attribute, is_subscriptable=is_subscriptable)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.backend_key!r}, dtype={_show(self._dtype)}, doc={self._doc!r})"

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.backend_key}[...]) -> {_show(self._dtype)}"

    def __getitem__(self, key: str) -> QbAnyField:
        return QbAnyField(f"{self.backend_key}.{key}", dtype=t.Any, is_attribute=False, is_subscriptable=True)

    def has_key(self, value: str) -> QbFieldFilters:
        """The dictionary has this key."""
        return QbFieldFilters([(self, "has_key", value)])


class QbAnyField(QbNumericField, QbArrayField, QbStrField, QbDictField):
    """A field of any type, with all operators."""

    def of_type(self, value: str) -> QbFieldFilters:
        """The value is of this type of JSON."""
        return QbFieldFilters([(self, "of_type", value)])


class QbAttributesField(QbDictField):
    """The attributes of a node; those that its class declares can be named as Python attributes."""

    __slots__ = ("_typed",)

    def bind(self, fields: Mapping[str, QbField]) -> t.Self:
        """Remember the fields that lie in the attributes."""
        self._typed = dict(fields)
        return self

    def __getattr__(self, key: str) -> QbField:
        if not key.startswith("_") and key in self._typed:
            return self._typed[key]
        raise AttributeError(key)

    def __getitem__(self, key: str) -> t.Any:
        return self._typed[key] if key in self._typed else super().__getitem__(key)

    if not t.TYPE_CHECKING:

        def __dir__(self) -> list[str]:
            return [*super().__dir__(), *self._typed]


FilterItem = tuple[QbField, str, t.Any]


class QbFieldFilters:
    """Filters made of fields; `&`, `|` and `~` combine them."""

    __slots__ = ("filters",)

    def __init__(self, filters: Sequence[FilterItem] | dict[str, t.Any]) -> None:
        self.filters: dict[str, t.Any] = {}
        self.add_filters(filters)

    def as_dict(self) -> dict[str, t.Any]:
        """Return the filters in the query language."""
        return self.filters

    def items(self) -> t.ItemsView[str, t.Any]:
        """Return the items of that dictionary."""
        return self.filters.items()

    def add_filters(self, filters: Sequence[FilterItem] | dict[str, t.Any]) -> None:
        """Add what has to hold as well."""
        if isinstance(filters, dict):
            self.filters.update(filters)
            return
        for field, operator, value in filters:
            self._add(field.backend_key, {operator: value})

    def _add(self, key: str, condition: dict[str, t.Any]) -> None:
        if key not in self.filters:
            self.filters[key] = condition
        else:
            self.filters.setdefault("and", []).extend([{key: self.filters.pop(key)}, {key: condition}])

    def __repr__(self) -> str:
        return f"QbFieldFilters({self.filters})"

    def __getitem__(self, key: str) -> t.Any:
        return self.filters[key]

    def __contains__(self, key: str) -> bool:
        return key in self.filters

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QbFieldFilters) and self.filters == other.filters

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: QbFieldFilters | QbBoolField) -> QbFieldFilters:
        return self._combine(other, "and")

    def __or__(self, other: QbFieldFilters | QbBoolField) -> QbFieldFilters:
        return self._combine(other, "or")

    def _combine(self, other: QbFieldFilters | QbBoolField, connective: str) -> QbFieldFilters:
        if isinstance(other, QbBoolField):
            other = other.as_filter()
        if not isinstance(other, QbFieldFilters):
            raise TypeError(f"Cannot combine QbFieldFilters and {type(other)}")
        if other == self:
            return QbFieldFilters(dict(self.filters))
        parts: list[dict[str, t.Any]] = []
        for one in (self.filters, other.filters):
            parts.extend(one[connective] if set(one) == {connective} else [one])
        return QbFieldFilters({connective: parts})

    def __invert__(self) -> QbFieldFilters:
        if len(self.filters) != 1:
            return QbFieldFilters({"!and": [{key: value} for key, value in self.filters.items()]})
        ((key, value),) = self.filters.items()
        if key in ("and", "or", "!and", "!or"):
            return QbFieldFilters({_negate(key): value})
        if isinstance(value, dict) and len(value) == 1:
            ((operator, operand),) = value.items()
            return QbFieldFilters({key: {_negate(operator): operand}})
        return QbFieldFilters({"!and": [{key: value}]})


def _negate(operator: str) -> str:
    return operator[1:] if operator.startswith("!") else f"!{operator}"


class QbFields:
    """The fields of a class, by name."""

    __isabstractmethod__ = False

    def __init__(self, fields: dict[str, QbField] | None = None) -> None:
        self._fields = fields or {}

    @property
    def _dict(self) -> dict[str, QbField]:
        return self._fields

    def keys(self) -> list[str]:
        """Return the names in the query language, sorted."""
        return sorted(field.backend_key for field in self._fields.values())

    def __repr__(self) -> str:
        return pformat({key: repr(value) for key, value in self._fields.items()})

    def __str__(self) -> str:
        return str({key: str(value) for key, value in self._fields.items()})

    def __getitem__(self, key: str) -> QbField:
        return self._fields[key]

    def __getattr__(self, key: str) -> QbField:
        try:
            return self.__dict__["_fields"][key]  # type: ignore[no-any-return]
        except KeyError as error:
            raise AttributeError(key) from error

    def __contains__(self, key: str) -> bool:
        return key in self._fields

    def __len__(self) -> int:
        return len(self._fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    if not t.TYPE_CHECKING:

        def __dir__(self) -> list[str]:
            return sorted([*self._fields, "_dict"])


# --- making fields ----------------------------------------------------------------------------------------------------


def extract_root_type(dtype: t.Any) -> t.Any:
    """Return the class behind an annotation: `int` for `int | None`, `list` for `list[int]`; `None` if it is unclear."""
    if isinstance(dtype, str):
        return None
    origin = t.get_origin(dtype)
    if origin is t.Annotated:
        return extract_root_type(t.get_args(dtype)[0])
    if origin is t.Literal:
        return type(t.get_args(dtype)[0])
    if origin in (t.Union, types.UnionType):
        options = [one for one in t.get_args(dtype) if one is not type(None)]
        return extract_root_type(options[0]) if len(options) == 1 else None
    return origin or dtype


def add_field(
    key: str,
    alias: str | None = None,
    *,
    dtype: t.Any | None = None,
    doc: str = "",
    is_attribute: bool = False,
    is_subscriptable: bool = False,
) -> QbField:
    """Return a field of the class that fits the type of its values."""
    if not is_attribute and alias is not None:
        raise ValueError("only attribute fields may be aliased")
    return _field_class(dtype)(
        key, alias, dtype=dtype, doc=doc, is_attribute=is_attribute, **({"is_subscriptable": True} if is_subscriptable else {})
    )


def _field_class(dtype: t.Any) -> type[QbField]:
    root = extract_root_type(dtype)
    if not isinstance(root, type):
        return QbAnyField
    for bases, field_class in _FIELD_CLASSES:
        if issubclass(root, bases):
            return field_class
    return QbAnyField


_FIELD_CLASSES: tuple[tuple[tuple[type, ...], type[QbField]], ...] = (
    ((bool,), QbBoolField),
    ((int, float, datetime.datetime, datetime.date), QbNumericField),
    ((str, UUID), QbStrField),
    ((Mapping,), QbDictField),
    ((Sequence, set, frozenset), QbArrayField),
)


def _show(dtype: t.Any) -> str:
    return str(dtype)
