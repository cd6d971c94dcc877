"""Names by which programs reach what aiida-core calls persistence. Ours is the journal; these are the honest equivalents.

A *checkpoint* of a process is its last snapshot, which the engine writes by itself with every step. There is nothing to save by hand, and loading one
gives back a live instance.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Hashable

from aiida.common.exceptions import InvalidOperation
from aiida.common.process_state import ProcessState
from aiida.engine.processes import ids
from aiida.orm import ProcessNode, load_node

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = ("AiiDAPersister", "ObjectLoader", "get_object_loader", "read_checkpoint")


class ObjectLoader:
    """Names objects by `module:qualified.name` and finds them again."""

    def load_object(self, identifier: str) -> t.Any:
        """Import the object of an identifier; `ValueError` if that fails."""
        module, separator, name = identifier.partition(":")
        if not separator:
            raise ValueError(f"identifier `{identifier}` has an invalid format: it should be `module:name`")
        try:
            return ids.load_object(module, name)
        except ImportError as exception:
            raise ImportError(f"module `{module}` from identifier `{identifier}` could not be loaded") from exception
        except AttributeError as exception:
            raise ImportError(f"object `{name}` from identifier `{identifier}` could not be loaded") from exception

    def identify_object(self, obj: t.Any) -> str:
        """Return the identifier of a class or function."""
        return f"{obj.__module__}:{obj.__qualname__}"


_LOADER = ObjectLoader()


def get_object_loader() -> ObjectLoader:
    """Return the loader."""
    return _LOADER


class AiiDAPersister:
    """Live instances of stored processes."""

    def save_checkpoint(self, process: Process, tag: str | None = None) -> None:
        """Keep what an instance holds that was never run, for whoever runs it later; from then on the engine does so with every step."""
        _refuse_tag(tag)
        node = process.node
        if node.is_stored and node.process_state is ProcessState.CREATED and (data := process._snapshot().data):
            node.set_checkpoint(json.dumps(data))

    def load_checkpoint(self, pid: Hashable, tag: str | None = None) -> Process:
        """Return a live instance of a stored process."""
        _refuse_tag(tag)
        node = load_node(t.cast(int, pid))
        process = t.cast("Process", node.process_class._revive(node))
        if (data := read_checkpoint(node)) is not None:
            process._restore(data)
        return process

    def get_checkpoints(self) -> list[t.Any]:
        """Return nothing: there is no list besides the processes themselves."""
        return []

    def get_process_checkpoints(self, pid: Hashable) -> list[t.Any]:
        """Return nothing: there is one snapshot per process, in its journal."""
        return []

    def delete_checkpoint(self, pid: Hashable, tag: str | None = None) -> None:
        """Do nothing: the journal goes with the process."""

    def delete_process_checkpoints(self, pid: Hashable) -> None:
        """Do nothing: the journal goes with the process."""


def read_checkpoint(node: ProcessNode) -> t.Any:
    """Return the snapshot that `save_checkpoint` put on a node; None if there is none, or one of aiida-core's, which is no JSON."""
    try:
        return json.loads(node.checkpoint or "null")
    except ValueError:
        return None


def _refuse_tag(tag: str | None) -> None:
    if tag is not None:
        raise InvalidOperation("checkpoints have no tags")
