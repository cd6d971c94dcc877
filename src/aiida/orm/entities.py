"""Entity: an object over one row of the store it came from; Collection: all entities of a class in one store.

An entity is made in two ways: by its constructor (a new row, not yet inserted) or by `_from_row` (a row that was read).
The constructor of a class is user code and is *not* run for what is loaded; `initialize` is run in both cases.
"""

from __future__ import annotations

import logging
from abc import ABC
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from aiida.common.exceptions import InvalidOperation, NotExistent, ValidationError
from aiida.common.lang import classproperty, type_check
from aiida.common.warnings import warn_deprecation
from aiida.graph.records import Row
from aiida.orm.entity_fields import collect_fields
from aiida.orm.fields import QbField, QbFields
from aiida.orm.modelled import Modelled
from aiida.orm.querybuilder import QueryBuilder
from aiida.orm.session import changes, get_store

if TYPE_CHECKING:
    from typing import Self

    from aiida.storage.store import Store

__all__ = ("Collection", "Entity", "EntityTypes")

EntityType = TypeVar("EntityType", bound="Entity")


class EntityTypes(Enum):
    """The kinds of rows."""

    AUTHINFO = "authinfo"
    COMMENT = "comment"
    COMPUTER = "computer"
    GROUP = "group"
    LOG = "log"
    NODE = "node"
    USER = "user"
    LINK = "link"
    GROUP_NODE = "group_node"


class Collection(ABC, Generic[EntityType]):
    """The entities of one class in one store."""

    collection_type: ClassVar[str] = "entities"

    def __init__(self, entity_class: type[EntityType], backend: Store | None = None) -> None:
        self._entity_type = entity_class
        self._backend = get_store(backend)

    @classmethod
    def get_cached(cls, entity_class: type[EntityType], backend: Store) -> Self:
        """Return the collection of `entity_class` in `backend`: it holds no state, so a new one serves as well."""
        return cls(entity_class, backend)

    def __call__(self, backend: Store) -> Self:
        """Return the same collection in another store."""
        return type(self)(self._entity_type, backend)

    @property
    def entity_type(self) -> type[EntityType]:
        """The class of the entities."""
        return self._entity_type

    @property
    def backend(self) -> Store:
        """The store that is looked at."""
        return self._backend

    def query(
        self,
        filters: Any = None,
        order_by: Any = None,
        project: list[str] | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        subclassing: bool = True,
    ) -> QueryBuilder:
        """Return a query for entities of this class."""
        builder = QueryBuilder(backend=self._backend, limit=limit, offset=offset)
        builder.append(self._entity_type, filters=filters, project=project, subclassing=subclassing)
        if order_by is not None:
            builder.order_by([{self._entity_type: order_by}])
        return builder

    def get(self, **filters: Any) -> EntityType:
        """Return the one entity that fits, else raise `NotExistent` or `MultipleObjectsError`."""
        return cast(EntityType, self.query(filters=filters).one()[0])

    def find(
        self, filters: Any = None, order_by: Any = None, limit: int | None = None, offset: int | None = None
    ) -> list[EntityType]:
        """Return all entities that fit."""
        return cast(
            "list[EntityType]",
            self.query(filters=filters, order_by=order_by, limit=limit, offset=offset).all(flat=True),
        )

    def all(self) -> list[EntityType]:
        """Return all entities of this class."""
        return self.find()

    def count(self, filters: Any = None) -> int:
        """Return how many entities fit."""
        return self.query(filters=filters).count()


class DeletableCollection(Collection[EntityType]):
    """A collection whose entities may be deleted: one, those that fit, or all. Only keys are read, however many there are."""

    def delete(self, pk: int) -> None:
        """Delete one."""
        name = self._entity_type.__name__
        if not isinstance(pk, int):
            raise TypeError(f"the key of a {name} is an integer, not {pk!r}")
        if not self._backend.delete(self._entity_type._row_type, [pk]):
            raise NotExistent(f"{name} with ID<{pk}> does not exist")

    def delete_all(self) -> None:
        """Delete all."""
        self._delete_found(None)

    def delete_many(self, filters: dict[str, Any]) -> list[int]:
        """Delete those that fit, and return their keys."""
        type_check(filters, dict)
        if not filters:
            raise ValidationError("filters must not be empty; `delete_all` deletes everything")
        return self._delete_found(filters)

    def _delete_found(self, filters: dict[str, Any] | None) -> list[int]:
        pks = cast("list[int]", self.query(filters=filters, project="id").all(flat=True))
        self._backend.delete(self._entity_type._row_type, pks)
        return pks


class Entity(Modelled, ABC):
    """Something that has a row in a store."""

    _row_type: ClassVar[type[Row]]
    _collection_class: ClassVar[type[Collection[Any]]] = Collection
    _logger: ClassVar[logging.Logger] = logging.getLogger(__name__)
    identity_field: ClassVar[str] = "pk"
    # What the class adds to the fields that can be queried; each class says only its own.
    __qb_fields__: ClassVar[tuple[QbField, ...]] = ()

    _row: Any
    _store: Store
    _seen: int

    def __init__(self, row: Row, store: Store) -> None:
        self._row = row
        self._store = store
        self._seen = changes.count
        self.initialize()

    @classmethod
    def _from_row(cls, row: Row, store: Store) -> Self:
        """Return the entity of a row that was read; its class's constructor is not run."""
        entity = cls.__new__(cls)
        entity._row = row
        entity._store = store
        entity._seen = changes.count
        entity.initialize()
        return entity

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Prepare what an instance needs besides its row; run for new and for loaded entities."""

    # -- what an entity is ---------------------------------------------------------------------------------------------

    @property
    def id(self) -> int | None:
        """Old name of `pk`."""
        warn_deprecation("`id` property is deprecated, use `pk` instead.", version=3, stacklevel=2)
        return self._row.id  # type: ignore[no-any-return]

    @property
    def pk(self) -> int | None:
        """The primary key, `None` before storing."""
        return self._row.id  # type: ignore[no-any-return]

    @property
    def is_stored(self) -> bool:
        """Whether the row is in the database."""
        return self._row.id is not None

    @property
    def backend(self) -> Store:
        """The store that this entity belongs to."""
        return self._store

    @property
    def backend_entity(self) -> Any:
        """The record behind this entity."""
        return self._row

    @property
    def logger(self) -> Any:
        """The logger of the class."""
        return self._logger

    def store(self) -> Self:
        """Insert the row if that has not been done."""
        if not self.is_stored:
            self._insert()
        return self

    def __getstate__(self) -> Any:
        raise InvalidOperation("pickling of AiiDA ORM instances is not supported.")

    # -- the row and the database --------------------------------------------------------------------------------------

    def _insert(self) -> None:
        self._store.insert([self._row])
        self._seen = changes.count

    def _fresh_row(self) -> Any:
        """Return the row, read again if this interpreter has changed any entity since it was read."""
        if self._seen != changes.count and self._row.id is not None:
            self._refresh()
        return self._row

    def _refresh(self) -> None:
        """Read the row again."""
        self._seen = changes.count
        self._row = self._store.get(self._row_type, self._row.id)

    def _update(self, **columns: Any) -> None:
        """Change columns in memory and, once stored, in the database."""
        row = self._row
        if row.id is not None:
            self._store.update(self._row_type, row.id, **columns)
            # In memory the other columns may be stale: only a read tells, and the counter makes everyone read.
            was_fresh = self._seen == changes.count
            changes.count += 1
            if was_fresh:
                self._seen = changes.count
        for name, value in columns.items():
            setattr(row, name, value)

    # -- collections ---------------------------------------------------------------------------------------------------

    @classproperty
    def collection(cls: Any) -> Any:
        """All entities of this class in the current store."""
        return cls._collection_class(cls)

    @classmethod
    def get_collection(cls, backend: Store) -> Any:
        """Return the collection of this class in `backend`."""
        return cls._collection_class(cls, backend)

    @classproperty
    def objects(cls: Any) -> Any:
        """Old name of `collection`."""
        warn_deprecation(
            "`objects` property is deprecated, use `collection` instead.",
            version=3,
            stacklevel=4,
        )
        return cls.collection

    @classproperty
    def fields(cls: Any) -> QbFields:
        """What can be queried, as objects with operators."""
        return collect_fields(cls)

    @classmethod
    def get(cls, **kwargs: Any) -> Self:
        """Return the one entity of this class that fits."""
        warn_deprecation(
            f"`{cls.__name__}.get` method is deprecated, use `{cls.__name__}.collection.get` instead.",
            version=3,
            stacklevel=3,
        )
        return cls.collection.get(**kwargs)  # type: ignore[no-any-return]
