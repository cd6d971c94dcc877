"""Whether a parser does what parsers promise: one suite for all, from one set of good files.

`check_parser(process_class, files)` parses the files as they are, then spoils them one after the other: missing, empty, cut off in the
middle, with bytes that are no text. What a program wrote is never a reason to raise: it is an exit code of the process class.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aiida import orm
from aiida.common.exit_code import ExitCode
from aiida.common.links import LinkType
from aiida.engine import CalcJob
from aiida.parsers import Parser
from aiida.plugins import ParserFactory

__all__ = ("check_parser", "make_job")

GARBAGE = b"\xff\xfe\x00 no text \x80\n" * 20


def check_parser(
    process_class: type[CalcJob],
    files: Mapping[str, bytes | str] | Path,
    *,
    parser: type[Parser] | str | None = None,
    inputs: Mapping[str, orm.Data] | None = None,
    options: Mapping[str, Any] | None = None,
    temporary: Path | None = None,
    computer: orm.Computer | None = None,
    exit_status: int = 0,
) -> dict[str, Any]:
    """Run all checks, raise AssertionError at the first that fails, and return the outputs of the good files.

    :param files: what a good job leaves: names and contents, or a folder.
    :param parser: class or entry point; by default the one that the class's `parser_name` names.
    :param temporary: a folder with what is retrieved for the parser only.
    :param exit_status: what the good files are to end with.
    """
    good = read_files(files)
    cls = _find_parser(process_class, parser)
    suite = _Suite(process_class, cls, dict(inputs or {}), dict(options or {}), temporary, computer)
    outputs, code = suite.parse(good, "the files as they are")
    _expect(
        code.status == exit_status,
        f"the files as they are end with exit status {code.status} ({code.message}), not {exit_status}",
    )
    suite.check_required(outputs, code)
    again, _ = suite.parse(good, "the same files again")
    _expect(_digest(outputs) == _digest(again), "parsing the same files twice gives different outputs")
    for description, spoiled in spoil(good):
        suite.parse(spoiled, description)
    return outputs


def read_files(files: Mapping[str, bytes | str] | Path) -> dict[str, bytes]:
    """Return names and contents."""
    if isinstance(files, Path):
        return {str(path.relative_to(files)): path.read_bytes() for path in sorted(files.rglob("*")) if path.is_file()}
    return {name: content.encode() if isinstance(content, str) else content for name, content in files.items()}


def spoil(good: dict[str, bytes]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Files that something has happened to, one after the other, each with a description."""
    yield "no file at all", {}
    for name, content in good.items():
        yield f"`{name}` missing", {key: value for key, value in good.items() if key != name}
        yield f"`{name}` empty", {**good, name: b""}
        yield f"`{name}` not a text", {**good, name: GARBAGE}
        for part in (0.25, 0.5, 0.9):
            cut = content[: int(len(content) * part)]
            if cut:
                yield f"`{name}` cut off after {len(cut)} bytes", {**good, name: cut}


def make_job(
    process_class: type[CalcJob],
    files: Mapping[str, bytes],
    *,
    inputs: Mapping[str, orm.Data] | None = None,
    options: Mapping[str, Any] | None = None,
    computer: orm.Computer | None = None,
) -> orm.CalcJobNode:
    """Return a stored node of a job that was never run, with these retrieved files."""
    node = orm.CalcJobNode(process_type=process_class.build_process_type(), computer=computer)
    ports = process_class.spec_options
    for name, port in ports.items():
        if name not in ("stash", "unstash") and port.has_default():
            default = port.default
            node.set_option(name, default() if callable(default) else default)
    for name, value in {"resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}, **(options or {})}.items():
        node.set_option(name, value)
    for label, data in (inputs or {}).items():
        node.base.links.add_incoming(data.store(), LinkType.INPUT_CALC, label)
    node.store()
    retrieved = orm.FolderData()
    for name, content in files.items():
        retrieved.base.repository.put_object_from_filelike(io.BytesIO(content), name)
    retrieved.base.links.add_incoming(node, LinkType.CREATE, process_class.link_label_retrieved)
    retrieved.store()
    return node


class _Suite:
    def __init__(
        self,
        process_class: type[CalcJob],
        parser: type[Parser],
        inputs: dict[str, orm.Data],
        options: dict[str, Any],
        temporary: Path | None,
        computer: orm.Computer | None,
    ) -> None:
        self.process_class, self.parser, self.inputs, self.options = process_class, parser, inputs, options
        self.temporary, self.computer = temporary, computer

    def parse(self, files: dict[str, bytes], description: str) -> tuple[dict[str, Any], ExitCode]:
        """Parse and check what holds for every outcome."""
        node = make_job(self.process_class, files, inputs=self.inputs, options=self.options, computer=self.computer)
        before = dict(node.base.attributes.all)
        folder = None if self.temporary is None else str(self.temporary)
        try:
            results, parsed = self.parser.parse_from_node(
                node, store_provenance=False, retrieved_temporary_folder=folder
            )
        except Exception as error:
            raise AssertionError(
                f"{self.parser.__name__} raised {error!r} for {description}: that should be an exit code"
            ) from error
        code = ExitCode(parsed.exit_status or 0, parsed.exit_message)
        known = {one.status for one in self.process_class.exit_codes.values()} | {0}
        _expect(
            code.status in known,
            f"exit status {code.status} for {description} is none that {self.process_class.__name__} declares",
        )
        _expect(dict(node.base.attributes.all) == before, f"the parser changed the node of the job for {description}")
        outputs = dict(results or {})
        stored = [label for label, output in outputs.items() if getattr(output, "is_stored", False)]
        _expect(not stored, f"the parser stored the outputs {stored} by itself for {description}")
        return outputs, code

    def check_required(self, outputs: dict[str, Any], code: ExitCode) -> None:
        """What is required is there after a success, but for what the engine attaches."""
        engines = {"remote_folder", "remote_stash", self.process_class.link_label_retrieved}
        ports = self.process_class.spec().outputs
        missing = [
            name for name, port in ports.items() if port.required and name not in engines and name not in outputs
        ]
        nested = {label.split(".")[0] for label in outputs}
        missing = [name for name in missing if name not in nested]
        _expect(
            code.status or not missing,
            f"the files as they are end well, but the required outputs {missing} are missing",
        )


def _find_parser(process_class: type[CalcJob], parser: type[Parser] | str | None) -> type[Parser]:
    if parser is None:
        port = process_class.spec_options["parser_name"]
        parser = port.default if port.has_default() else None
    _expect(parser is not None, f"{process_class.__name__} names no parser: give one")
    return ParserFactory(parser) if isinstance(parser, str) else parser  # type: ignore[return-value]


def _digest(outputs: dict[str, Any]) -> dict[str, Any]:
    return {label: node.base.caching.compute_hash() for label, node in outputs.items()}


def _expect(condition: Any, text: str) -> None:
    if not condition:
        raise AssertionError(text)
