"""The store against a dictionary: any sequence of writes, transactions that fail and succeed, on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aiida.common.exceptions import NotExistent
from aiida.graph.records import NodeRow
from aiida.storage.sqlite_temp.backend import SqliteTempBackend

text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**66), 2**66) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
attributes = st.dictionaries(text, values, max_size=4)


class StoreMachine(RuleBasedStateMachine):
    """Writes go to the store and to a dictionary; a transaction that is rolled back restores the dictionary."""

    store: SqliteTempBackend

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[int, dict[str, Any]] = {}
        self.saved: dict[int, dict[str, Any]] | None = None
        self.block: Any = None
        self.store._clear()

    @precondition(lambda self: self.block is None)
    @rule()
    def begin(self) -> None:
        self.saved, self.block = deepcopy(self.model), self.store.transaction()
        self.block.__enter__()

    @precondition(lambda self: self.block is not None)
    @rule(fail=st.booleans())
    def end(self, fail: bool) -> None:
        block, self.block = self.block, None
        if not fail:
            block.__exit__(None, None, None)
            return
        error = KeyError("fail")
        assert not block.__exit__(KeyError, error, None)
        self.model = self.saved or {}

    @rule(many=st.lists(attributes, min_size=1, max_size=3))
    def insert(self, many: list[dict[str, Any]]) -> None:
        rows = [NodeRow(node_type="data.", user_id=1, attributes=one) for one in many]
        with self.store.transaction():
            self.store.insert(rows)
        for row, one in zip(rows, many, strict=True):
            self.model[row.id or 0] = one

    @rule(data=st.data(), patch=attributes, remove=st.lists(text, max_size=2))
    def merge(self, data: st.DataObject, patch: dict[str, Any], remove: list[str]) -> None:
        id = data.draw(st.sampled_from([*self.model, 999_999]))
        gone = set(remove)
        if id not in self.model:
            try:
                self.store.merge_attributes(id, patch, remove=remove)
            except NotExistent:
                return
            raise AssertionError("a missing row was changed")
        self.store.merge_attributes(id, patch, remove=remove)
        self.model[id] = {key: value for key, value in self.model[id].items() if key not in gone} | patch

    @rule(data=st.data(), new=attributes)
    def update(self, data: st.DataObject, new: dict[str, Any]) -> None:
        if self.model:
            id = data.draw(st.sampled_from(list(self.model)))
            self.store.update(NodeRow, id, attributes=new)
            self.model[id] = new

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        ids = data.draw(st.lists(st.sampled_from([*self.model, 999_999]), max_size=2, unique=True))
        assert self.store.delete(NodeRow, ids) == len([id for id in ids if id in self.model])
        for id in ids:
            self.model.pop(id, None)

    @invariant()
    def same(self) -> None:
        assert {row.id: row.attributes for row in self.store.find(NodeRow)} == self.model
        assert {id: row.attributes for id, row in self.store.fetch(NodeRow, self.model).items()} == self.model

    def teardown(self) -> None:
        if self.block is not None:
            self.block.__exit__(KeyError, KeyError("end"), None)


@pytest.fixture
def store() -> Iterator[SqliteTempBackend]:
    found = SqliteTempBackend(SqliteTempBackend.create_profile("model", default_user_email=""))
    with found.transaction() as transaction:
        transaction.execute("INSERT INTO db_dbuser VALUES (1, 'a', '', '', '')")
    yield found
    found.close()


def test_the_store_is_a_dictionary(store: SqliteTempBackend) -> None:
    class Machine(StoreMachine):
        pass

    Machine.store = store
    store._clear = lambda: _empty(store)  # type: ignore[method-assign]
    case = Machine.TestCase
    case.settings = settings(
        max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case("runTest").runTest()


def _empty(store: SqliteTempBackend) -> None:
    with store.transaction() as transaction:
        transaction.execute("DELETE FROM db_dbnode")
