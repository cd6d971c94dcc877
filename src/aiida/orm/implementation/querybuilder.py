"""What may be joined with what, as the public interface names it."""

from aiida.graph.relations import KEYWORDS
from aiida.orm.querybuilder import QueryBuilder as BackendQueryBuilder

__all__ = ("BackendQueryBuilder", "EntityRelationships")

EntityRelationships: dict[str, set[str]] = {**{base: set(words) for base, words in KEYWORDS.items()}, "link": set()}
