"""Dict: a dictionary of plain values as a node."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any, ClassVar

from aiida.orm.cleaning import check_key, register_unwrapper
from aiida.orm.nodes.data.data import Data, copy_containers
from aiida.orm.utils.managers import AttributeManager

__all__ = ("Dict",)


class Dict(Data):
    """A dictionary as a node: its keys are the attributes."""

    _known_node_type = "data.core.dict.Dict."
    _open_attributes = True
    __constructor_arguments__: ClassVar[builtins.dict[str, tuple[Any, ...]]] = {
        "value": (builtins.dict[str, Any], "The dictionary content")
    }

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        dictionary = value if value is not None else kwargs.pop("dict", None)
        super().__init__(**kwargs)
        if dictionary is not None:
            self.set_dict(dictionary)

    def __getitem__(self, key: str) -> Any:
        try:
            return self.base.attributes.get(key)
        except AttributeError as exception:
            raise KeyError(key) from exception

    def __setitem__(self, key: str, value: Any) -> None:
        self.base.attributes.set(key, value)

    def __contains__(self, key: str) -> bool:
        return key in self.base.attributes

    def __iter__(self) -> Iterator[str]:
        return iter(self.base.attributes.keys())

    def __eq__(self, other: object) -> bool:
        return bool(self.get_dict() == (other.get_dict() if isinstance(other, Dict) else other))

    __hash__ = None  # type: ignore[assignment]

    def get(self, key: str, default: Any = None, /) -> Any:  # type: ignore[override]
        """Return the value of `key`, or the default."""
        return self.base.attributes.get(key, default)

    def set_dict(self, dictionary: Any) -> None:
        """Replace the content; on an error the content stays as it was."""
        content = dictionary.get_dict() if isinstance(dictionary, Dict) else dictionary
        self._check_mutability_attributes()
        attributes = {key: copy_containers(value) for key, value in content.items()}
        for key in attributes:
            check_key(key)
        self._row.attributes = attributes

    def update_dict(self, dictionary: Any) -> None:
        """Add items, replacing those of the same key."""
        for key, value in dictionary.items():
            self.base.attributes.set(key, value)

    def get_dict(self) -> builtins.dict[str, Any]:
        """Return the content as a dictionary of its own; what it holds is live until the node is stored."""
        return {**self.base.attributes.all}

    @property
    def value(self) -> builtins.dict[str, Any]:
        """The content."""
        return self.base.attributes.all

    def keys(self) -> Iterator[str]:
        """Iterate over the keys."""
        yield from self.base.attributes.keys()

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over keys and values."""
        yield from self.base.attributes.items()

    @property
    def dict(self) -> AttributeManager:
        """The content as Python attributes."""
        return AttributeManager(self)


register_unwrapper(Dict, lambda node: node.get_dict())
