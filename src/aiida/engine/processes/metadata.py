"""Metadata that every process takes: what steers it and is no input of the calculation."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from aiida.engine.processes.process_spec import ProcessSpec

__all__ = ("define_metadata",)


def define_metadata(spec: ProcessSpec) -> None:
    """Declare the `metadata` namespace."""
    key = spec.metadata_key
    spec.input_namespace(key, required=False, is_metadata=True)
    spec.input(
        f"{key}.store_provenance", valid_type=bool, default=True,
        help="Whether the process, its inputs and outputs are recorded in the database.",
    )  # fmt: skip
    spec.input(f"{key}.description", valid_type=str, required=False, help="A text about this run, kept on the process node.")
    spec.input(f"{key}.label", valid_type=str, required=False, help="A short name for this run, kept on the process node.")
    spec.input(
        f"{key}.call_link_label", valid_type=str, default="CALL",
        help="How a workflow that launches this process calls it: the label of the link between the two.",
    )  # fmt: skip
    spec.input(
        f"{key}.disable_cache", valid_type=bool, required=False,
        help="Run the process even if caching is on and an equal one has finished before.",
    )  # fmt: skip
