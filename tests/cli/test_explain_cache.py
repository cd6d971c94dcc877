"""`verdi node explain-cache A B`: which field made two nodes differ."""

from __future__ import annotations

import io
from collections.abc import Callable

from aiida import orm
from aiida.engine import calcfunction

Good = Callable[..., str]


@calcfunction
def add(x: orm.Int, y: orm.Int) -> orm.Int:
    """Add."""
    return x + y


def test_attributes_that_differ_are_named(good: Good) -> None:
    one = orm.Dict({"a": {"b": 1, "c": 2}, "same": 0}).store()
    other = orm.Dict({"a": {"b": 1, "c": 3}, "same": 0, "more": None}).store()
    lines = good("node", "explain-cache", str(one.pk), str(other.pk)).splitlines()
    assert lines[0] == f"Dict<{one.pk}> and Dict<{other.pk}> differ in:"
    assert [line.strip() for line in lines if line.startswith("  ") and line[2] != " "] == ["attributes.a.c", "attributes.more"]
    assert f"    {one.pk}: 2" in lines and f"    {other.pk}: 3" in lines and f"    {one.pk}: (not there)" in lines


def test_files_that_differ_are_named(good: Good) -> None:
    nodes = [orm.FolderData() for _ in range(2)]
    for number, node in enumerate(nodes):
        node.base.repository.put_object_from_filelike(io.BytesIO(b"same"), "a.txt")
        node.base.repository.put_object_from_filelike(io.BytesIO(b"%d" % number), "sub/b.txt")
        node.store()
    text = good("node", "explain-cache", *(str(node.pk) for node in nodes))
    assert "file `sub/b.txt`" in text and "a.txt" not in text


def test_equal_nodes_and_processes_with_other_inputs(good: Good) -> None:
    assert "are the same" in good("node", "explain-cache", *(str(orm.Int(4).store().pk) for _ in range(2)))
    one, other = add.run_get_node(orm.Int(1), orm.Int(2))[1], add.run_get_node(orm.Int(1), orm.Int(3))[1]
    text = good("node", "explain-cache", str(one.pk), str(other.pk))
    assert "y" in text and "inputs.y" in text and "inputs.x" not in text, text
