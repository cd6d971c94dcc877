"""Sets of nodes closed under rules of traversal, and their deletion."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "delete_group_nodes": "aiida.tools.graph.deletions",
        "delete_nodes": "aiida.tools.graph.deletions",
        "deletions": "aiida.tools.graph.deletions",
        "graph_traversers": "aiida.tools.graph.graph_traversers",
    },
)
