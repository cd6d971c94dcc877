"""`verdi node explain-cache`: what a hash is made of, and what the cache would do; and why two nodes are not the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiida import orm
from aiida.manage.caching import get_use_cache

__all__ = ("compare", "explain")


def explain(node: orm.Node) -> str:
    """Return the lines for a node."""
    caching = node.base.caching
    stored, now = node.base.extras.get(caching._HASH_EXTRA_KEY, None), caching.compute_hash()
    lines = [f"{type(node).__name__}<{node.pk}>", f"  hash, as stored   {stored or 'none'}", f"  hash, as of now   {now}"]
    if stored and stored != now:
        lines.append(f"  They differ: the node was hashed by another version or program. `verdi node rehash {node.pk}` moves it over.")
    lines.append("  made of:")
    lines += [f"    {name}: {_short(part)}" for name, part in _parts(caching)]
    if isinstance(node, orm.ProcessNode):
        lines += _verdict(node, caching)
    twins = [other.pk for other in caching.get_all_same_nodes() if other.pk != node.pk]
    lines.append(f"  nodes with the same hash: {', '.join(map(str, twins)) or 'none'}")
    return "\n".join(lines)


def compare(one: orm.Node, other: orm.Node) -> str:
    """Return the lines that say in which fields the hashes of two nodes differ."""
    names = f"{type(one).__name__}<{one.pk}> and {type(other).__name__}<{other.pk}>"
    left, right = (dict(_flat("", dict(_parts(node.base.caching)))) for node in (one, other))
    keys = [key for key in sorted({*left, *right}) if left.get(key, _MISSING) != right.get(key, _MISSING)]
    if not keys:
        return f"{names} are the same: nothing that their hashes are made of differs"
    lines = [f"{names} differ in:"]
    for key in keys:
        lines += [f"  {key}", f"    {one.pk}: {_side(left, key)}", f"    {other.pk}: {_side(right, key)}"]
        if key == "repository_hash":
            lines += [f"    file `{path}`" for path in _unequal_files(one, other)]
    return "\n".join(lines)


_MISSING = object()


def _side(parts: dict[str, Any], key: str) -> str:
    return _short(parts[key]) if key in parts else "(not there)"


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested dictionaries by their paths."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), item)
    else:
        yield prefix, value


def _unequal_files(one: orm.Node, other: orm.Node) -> list[str]:
    left, right = (node.base.repository.serialize_content() for node in (one, other))
    return [path for path in sorted({*left, *right}) if left.get(path) != right.get(path)]


def _parts(caching: Any) -> list[tuple[str, Any]]:
    """Return the parts of the hash by name."""
    objects = caching.get_objects_to_hash()
    return list(objects.items()) if isinstance(objects, dict) else [(str(index), item) for index, item in enumerate(objects)]


def _verdict(node: orm.ProcessNode, caching: Any) -> list[str]:
    """Return whether it may be a source of the cache, and whether new ones like it would ask."""
    source = caching.get_cache_source()
    lines = [f"  taken from the cache: yes, a copy of {source}" if source else "  taken from the cache: no, it was run"]
    lines.append(f"  may be used by others: {'yes' if caching.is_valid_cache else 'no: ' + _why_not(node)}")
    identifier = node.process_type
    if identifier:
        switch = "on" if get_use_cache(identifier=identifier) else "off; `verdi config set caching.enabled_for` switches it on"
        lines.append(f"  caching for `{identifier}`: {switch}")
    return lines


def _why_not(node: orm.ProcessNode) -> str:
    if not node.is_sealed:
        return "it has not ended"
    if not node.is_finished:
        return f"it was {node.process_state.value}"
    return f"it ended with exit status {node.exit_status}, which the class does not count as valid, or it was marked as invalid"


def _short(value: Any, limit: int = 100) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + " …"
