"""The class that parser plugins subclass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiida.common.exceptions import ModificationNotAllowed
from aiida.common.exit_code import ExitCode
from aiida.common.extendeddicts import AttributeDict
from aiida.common.log import AIIDA_LOGGER
from aiida.engine.processes.functions import calcfunction
from aiida.engine.processes.ports import CalcJobOutputPort
from aiida.engine.processes.process import Process
from aiida.orm import CalcFunctionNode, CalcJobNode, Data, FolderData

if TYPE_CHECKING:
    from aiida.common.exit_code import ExitCodesNamespace

__all__ = ("Parser",)


class Parser(ABC):
    """Reads the retrieved files of a job and makes output nodes of them."""

    CACHE_VERSION: ClassVar[int | None] = None

    def __init__(self, node: CalcJobNode) -> None:
        self._logger = AIIDA_LOGGER.getChild("parser").getChild(type(self).__name__)
        self._node = node
        self._outputs = AttributeDict()

    @property
    def logger(self) -> Any:
        """The logger of the job: what is logged here is kept with its node."""
        from_node = getattr(self.node, "logger", None)
        return self._logger if from_node is None else from_node

    @property
    def node(self) -> CalcJobNode:
        """The job."""
        return self._node

    @property
    def exit_codes(self) -> ExitCodesNamespace:
        """The exit codes of the job's process class."""
        return cast("ExitCodesNamespace", self.node.process_class.exit_codes)

    @property
    def retrieved(self) -> FolderData:
        """The files that were retrieved; raises `NotExistent` if there are none."""
        return self.node.base.links.get_outgoing().get_node_by_label(self.node.process_class.link_label_retrieved)

    @property
    def outputs(self) -> AttributeDict:
        """The outputs that were attached so far."""
        return self._outputs

    def out(self, link_label: str, node: Data) -> None:
        """Attach an output; a label can be used once."""
        if link_label in self._outputs:
            raise ModificationNotAllowed(f"the output {link_label} already exists")
        self._outputs[link_label] = node

    def get_outputs_for_parsing(self) -> dict[str, Any]:
        """Return the job's outputs that `parse` is given: those whose port says `pass_to_parser`."""
        links = self.node.base.links.get_outgoing()
        found = {}
        for name, port in self.node.process_class.spec().outputs.items():
            if isinstance(port, CalcJobOutputPort) and port.pass_to_parser:
                found[name] = links.get_node_by_label(name)
        return found

    @classmethod
    def parse_from_node(
        cls, node: CalcJobNode, store_provenance: bool = True, retrieved_temporary_folder: Any = None
    ) -> tuple[dict[str, Any] | None, CalcFunctionNode]:
        """Parse a finished job (again) outside of its process; return the outputs and the node of the parsing."""
        parser = cls(node=node)

        @calcfunction
        def parse_calcfunction(**kwargs: Any) -> Any:
            """Parse the outputs of a job."""
            if retrieved_temporary_folder is not None:
                kwargs["retrieved_temporary_folder"] = retrieved_temporary_folder
            exit_code = parser.parse(**kwargs)
            process = Process.current()
            for label, output in parser.outputs.items():
                _check_declared(node, label, output)
                process.out(label, output)  # type: ignore[union-attr]
            if exit_code is not None and not isinstance(exit_code, ExitCode):
                raise AttributeError(f"`parse` must return an `ExitCode` or None, not {type(exit_code)}")
            return exit_code

        inputs: dict[str, Any] = {"metadata": {"store_provenance": store_provenance}}
        inputs.update(parser.get_outputs_for_parsing())
        return parse_calcfunction.run_get_node(**inputs)

    @abstractmethod
    def parse(self, **kwargs: Any) -> ExitCode | None:
        """Read the files, attach outputs with `self.out`, and return an exit code if something is wrong."""


def _check_declared(node: CalcJobNode, label: str, output: Any) -> None:
    """Raise ValueError unless the process class of the job declares this output and takes the node."""
    ports = node.process_class.spec().outputs
    *namespaces, name = label.split(".")
    for namespace in namespaces:
        if namespace not in ports:
            break
        ports = ports[namespace]
    if name in ports:
        refusal = ports[name].validate(output)
    elif ports.dynamic:
        refusal = ports.validate_dynamic_ports({name: output})
    else:
        refusal = f"the process class of {node} does not declare it"
    if refusal:
        raise ValueError(f"the parser attached the output `{label}`: {getattr(refusal, 'message', refusal)}")
