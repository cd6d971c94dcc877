"""The directives ``aiida-process``, ``aiida-calcjob`` and ``aiida-workchain``, and the same text for autodoc."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any, ClassVar, cast

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from aiida.engine import CalcJob, Process, WorkChain
from aiida.sphinxext import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx


class ProcessDirective(SphinxDirective):
    """``.. aiida-process:: Class`` with ``:module:``: what the specification of the class says."""

    required_arguments = 1
    has_content = False
    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "module": directives.unchanged,
        "hide-nondb-inputs": directives.flag,
        "hide-unstored-inputs": directives.flag,  # the same, in words of AiiDA 1
        "expand-namespaces": directives.flag,  # namespaces are always shown whole
    }
    word = "process"
    base: ClassVar[type[Process]] = Process

    def run(self) -> list[nodes.Node]:
        """Return one description, as of a class."""
        cls = self.load_class()
        hide = bool({"hide-nondb-inputs", "hide-unstored-inputs"} & set(self.options))
        content = addnodes.desc_content()
        self.state.nested_parse(
            StringList([*text.summary(cls), *text.describe(cls, hide_unstored=hide)], source=f"{cls.__module__}.{cls.__name__}"), 0, content
        )
        signature = addnodes.desc_signature(first=False, fullname=cls.__name__, module=cls.__module__)
        signature += addnodes.desc_annotation(text=f"{self.word} ")
        signature += addnodes.desc_addname(text=f"{self.module}.")
        signature += addnodes.desc_name(text=cls.__name__)
        description = addnodes.desc("", signature, content, desctype="class", domain="py", objtype="class", noindex=False)
        return [description]

    @property
    def module(self) -> str:
        """The module that the option or the argument names."""
        return str(self.options.get("module") or self.arguments[0].rpartition(".")[0])

    def load_class(self) -> type[Process]:
        """Import the class, or say at this line of the page why it cannot be shown."""
        name = self.arguments[0].rpartition(".")[2]
        if not self.module:
            raise self.error(f"where is `{name}`? Give the option `:module:`, or the name with its module: `package.module.{name}`")
        try:
            cls = getattr(importlib.import_module(self.module), name)
        except ImportError as error:
            raise self.error(f"the module `{self.module}` of `{name}` cannot be imported: {error}") from error
        except AttributeError as error:
            raise self.error(f"the module `{self.module}` has no `{name}`") from error
        if not (inspect.isclass(cls) and issubclass(cls, self.base)):
            raise self.error(f"`{self.module}.{name}` is no subclass of {self.base.__name__}: {cls!r}")
        return cls


class CalcJobDirective(ProcessDirective):
    """``.. aiida-calcjob:: Class``."""

    word = "calcjob"
    base = CalcJob


class WorkChainDirective(ProcessDirective):
    """``.. aiida-workchain:: Class``."""

    word = "workchain"
    base = WorkChain


def extend_docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Give autodoc's classes the same text: ``automodule`` documents processes too."""
    if what == "class" and inspect.isclass(obj) and issubclass(obj, Process):
        lines[:] = [*lines, "", *text.describe(cast("type[Process]", obj))]


def setup_extension(app: Sphinx) -> dict[str, Any]:
    """Register everything."""
    for directive in (ProcessDirective, CalcJobDirective, WorkChainDirective):
        app.add_directive(f"aiida-{directive.word}", directive)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", extend_docstring)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
