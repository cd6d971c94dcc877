"""Nodes are freed when they are let go: none waits for the garbage collector, however it was used."""

from __future__ import annotations

import gc
import weakref

from aiida import orm


def test_a_node_is_freed_at_once() -> None:
    gc.collect()
    gc.disable()
    try:
        node = orm.Dict({"a": [1, 2]})
        node.base.extras.set("e", 1)
        node.store()
        other = orm.load_node(node.pk)
        assert other.base.attributes.get("a") == [1, 2]
        assert not other.base.links.get_incoming().all()
        seen = [weakref.ref(node), weakref.ref(other)]
        del node, other
        assert [ref() for ref in seen] == [None, None]
    finally:
        gc.enable()
