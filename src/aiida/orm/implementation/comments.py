"""A comment as the storage keeps it: the record, and the collection that finds it."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "BackendComment": "aiida.graph.records:CommentRow",
        "BackendCommentCollection": "aiida.orm.comments:CommentCollection",
    },
)
