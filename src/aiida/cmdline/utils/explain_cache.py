"""`verdi node explain-cache`: what a hash is made of, and what the cache would do."""

from __future__ import annotations

from typing import Any

from aiida import orm
from aiida.manage.caching import get_use_cache

__all__ = ("explain",)


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
