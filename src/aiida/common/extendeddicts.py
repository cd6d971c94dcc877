"""Dictionaries whose keys can be reached as attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, ClassVar

from aiida.common import exceptions

__all__ = (
    "AttributeDict",
    "AttributesFrozendict",
    "DefaultFieldsAttributeDict",
    "FixedFieldsAttributeDict",
    "Frozendict",
)


class AttributeDict(dict[str, Any]):
    """A dictionary with attribute access. Mappings given to the constructor are converted too, what is set later is kept as it is."""

    def __init__(self, dictionary: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        for key, value in ({} if dictionary is None else dictionary).items():
            self[key] = AttributeDict(value) if isinstance(value, Mapping) else value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.__repr__(self)})"

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'") from None

    def __copy__(self) -> AttributeDict:
        new = type(self).__new__(type(self))
        dict.update(new, self)
        return new

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> AttributeDict:
        memo = {} if memo is None else memo
        new = type(self).__new__(type(self))
        memo[id(self)] = new
        dict.update(new, {key: deepcopy(value, memo) for key, value in self.items()})
        return new

    # pickle asks `__getattr__` for these: attributes are keys, so the state is the plain content.
    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), dict(self)))

    def __getstate__(self) -> dict[str, Any]:
        return dict(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        dict.update(self, state)

    def __dir__(self) -> list[str]:
        return [key for key in self if isinstance(key, str)]


def _rebuild(cls: type[AttributeDict], content: dict[str, Any]) -> AttributeDict:
    new = cls.__new__(cls)
    dict.update(new, content)
    return new


class FixedFieldsAttributeDict(AttributeDict):
    """An attribute dictionary that takes the keys named in `_valid_fields` only."""

    _valid_fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, init: Mapping[str, Any] | None = None) -> None:
        for key in init or {}:
            if key not in self._valid_fields:
                raise KeyError(f"'{key}' is not a valid key for object '{type(self).__name__}'")
        super().__init__(init)

    def __setitem__(self, item: str, value: Any) -> None:
        if item not in self._valid_fields:
            raise KeyError(f"'{item}' is not a valid key for object '{type(self).__name__}'")
        super().__setitem__(item, value)

    def __setattr__(self, attr: str, value: Any) -> None:
        if attr not in self._valid_fields:
            raise AttributeError(f"'{attr}' is not a valid attribute of the object '{type(self).__name__}'")
        super().__setattr__(attr, value)

    @classmethod
    def get_valid_fields(cls) -> tuple[str, ...]:
        """Return the names of the keys that may be set."""
        return cls._valid_fields

    def __dir__(self) -> list[str]:
        return list(self._valid_fields)


class DefaultFieldsAttributeDict(AttributeDict):
    """An attribute dictionary whose fields of `_default_fields` read as `None` while they are not set.

    A method `validate_<field>` of a subclass is called by `validate` for that field.
    """

    _default_fields: ClassVar[tuple[str, ...]] = ()

    def validate(self) -> None:
        """Call `validate_<field>` for each default field that has one; raise `ValidationError` on the first failure."""
        for key in self.get_default_fields():
            # Looked up on the class: on the instance it would be taken for a key.
            validator = getattr(type(self), f"validate_{key}", None)
            if validator is None:
                continue
            try:
                validator(self, self[key])
            except Exception as exc:
                raise exceptions.ValidationError(
                    f"Invalid value for key '{key}' [{type(exc).__name__}]: {exc}"
                ) from exc

    def __setattr__(self, attr: str, value: Any) -> None:
        if attr in self._default_fields:
            self[attr] = value
        else:
            super().__setattr__(attr, value)

    def __getitem__(self, key: str) -> Any:
        try:
            return super().__getitem__(key)
        except KeyError:
            if key in self._default_fields:
                return None
            raise

    @classmethod
    def get_default_fields(cls) -> list[str]:
        """Return the names of the fields that read as `None` while unset."""
        return list(cls._default_fields)

    def defaultkeys(self) -> list[str]:
        """Return the keys that are set and among the default fields."""
        return [key for key in self if key in self._default_fields]

    def extrakeys(self) -> list[str]:
        """Return the keys that are set and not among the default fields."""
        return [key for key in self if key not in self._default_fields]


class Frozendict(Mapping[str, Any]):
    """A read-only mapping."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._dict: dict[str, Any] = dict(*args, **kwargs)
        self._hash: int | None = None

    def __getitem__(self, key: str) -> Any:
        return self._dict[key]

    def __contains__(self, key: object) -> bool:
        return key in self._dict

    def copy(self, **add_or_replace: Any) -> Frozendict:
        """Return a new one, with the given entries added."""
        return type(self)(self, **add_or_replace)

    def __iter__(self) -> Iterator[str]:
        return iter(self._dict)

    def __len__(self) -> int:
        return len(self._dict)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._dict!r}>"

    def __hash__(self) -> int:
        if self._hash is None:
            # Order does not matter for equality, so it may not matter here.
            self._hash = hash(frozenset(self._dict.items()))
        return self._hash


class AttributesFrozendict(Frozendict):
    """A read-only mapping with attribute access: what `Process.inputs` is. Its public home is `plumpy.utils`.

    Setting an attribute does not raise, it shadows: attribute reads give the new value, item reads the old one. Plugins rely
    on it to replace an input in a step (BEHAVIOUR B4), so it stays.
    """

    def __getattr__(self, name: str) -> Any:
        # `_dict` is asked for before it exists while copying and unpickling.
        if name.startswith("__") or name == "_dict":
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        try:
            return self._dict[name]
        except KeyError:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'") from None

    def __setitem__(self, key: str, value: Any) -> None:
        raise TypeError(f"'{type(self).__name__}' is read-only: item '{key}' cannot be assigned")

    def __delitem__(self, key: str) -> None:
        raise TypeError(f"'{type(self).__name__}' is read-only: item '{key}' cannot be deleted")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(key for key in self._dict if isinstance(key, str))]
