"""The Sphinx extension: processes documented from their specification, as aiida-core's extension does it."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import REFERENCE

SOURCE = '''
"""Processes to document."""
from aiida import orm
from aiida.engine import WorkChain, if_, return_, while_


class Demo(WorkChain):
    """One line about it."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("x", valid_type=orm.Float, help="First input.")
        spec.input("y_z", valid_type=(orm.Int, orm.Float), required=False, help="One of two.")
        spec.input("option", valid_type=int, non_db=True, default=5, help="A *number*.")
        spec.input_namespace("nsp", help="A namespace, ``nsp``.")
        spec.input("nsp.inner.a", valid_type=orm.Str, required=False)
        spec.input_namespace("free", dynamic=True, valid_type=orm.Bool)
        spec.input("anything")
        spec.output("z", valid_type=orm.Bool, help="The result.")
        spec.output("deep.er", valid_type=orm.Bool)
        spec.outline(cls.start, while_(cls.goes_on)(cls.start, if_(cls.goes_on)(cls.stop).elif_(cls.goes_on)(cls.start)), return_)

    def start(self):
        """Begin."""

    def stop(self):
        pass

    def goes_on(self):
        """Whether there is more."""


class Plain(Demo):
    pass
'''
INDEX = """
Demo
====

.. aiida-workchain:: Demo
   :module: demo_processes

.. aiida-process:: Plain
   :module: demo_processes
   :hide-nondb-inputs:
   :expand-namespaces:

.. aiida-calcjob:: ArithmeticAddCalculation
   :module: aiida.calculations.arithmetic.add
"""


def build(folder: Path, index: str, python: Path = Path(sys.executable), builder: str = "text", conf: str = "") -> tuple[str, str]:
    """Build a project of one page; returns the page and what was said."""
    source = folder / "source"
    source.mkdir(parents=True, exist_ok=True)
    (source / "demo_processes.py").write_text(SOURCE)
    (source / "conf.py").write_text(f'import sys\nsys.path.insert(0, {str(source)!r})\nextensions = ["aiida.sphinxext"]\n{conf}')
    (source / "index.rst").write_text(index)
    command = [str(python), "-m", "sphinx", "-q", "-E", "-b", builder, str(source), str(folder / "built")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    page = folder / "built" / ("index.html" if builder == "html" else "index.txt")
    return page.read_text() if page.exists() else "", done.stdout + done.stderr


def test_page_shows_ports_and_outline(tmp_path: Path) -> None:
    page, said = build(tmp_path, INDEX)
    assert said == ""
    for line in (
        "workchain demo_processes.Demo",
        "One line about it.",
        "* **x**, *Float*, required -- First input.",
        "* **y_z**, *(Int, Float, NoneType)*, optional -- One of two.",
        "* **option**, *int*, optional, *non_db* -- A *number*.",
        "* **nsp**, *Namespace* -- A namespace, \"nsp\".",
        "* **a**, *(Str, NoneType)*, optional",
        "* **z**, *Bool*, required -- The result.",
        "while(goes_on)",
        "process demo_processes.Plain",
        "calcjob aiida.calculations.arithmetic.add.ArithmeticAddCalculation",
    ):
        assert line in page, line
    plain = page.split("process demo_processes.Plain")[1].split("calcjob aiida")[0]
    assert "**option**" not in plain and "**x**" in plain and "One line about it" not in plain


def test_html_and_autodoc(tmp_path: Path) -> None:
    index = "Demo\n====\n\n.. automodule:: demo_processes\n   :members: Demo\n"
    page, said = build(tmp_path, index, builder="html")
    assert said == ""
    assert "<strong>y_z</strong>" in page and "goes_on" in page and "One line about it." in page


MISTAKES = {
    "aiida-process:: Demo": "Give the option `:module:`",
    "aiida-process:: Nope\n   :module: demo_processes": "the module `demo_processes` has no `Nope`",
    "aiida-workchain:: no_such_module.Demo": "the module `no_such_module` of `Demo` cannot be imported",
    "aiida-calcjob:: demo_processes.Demo": "`demo_processes.Demo` is no subclass of CalcJob",
}


def test_mistakes_are_lines_of_the_page(tmp_path: Path) -> None:
    _, said = build(tmp_path, "Demo\n====\n\n" + "".join(f".. {directive}\n\n" for directive in MISTAKES))
    assert all(message in said for message in MISTAKES.values()), said
    assert "index.rst:4" in said and "Traceback" not in said


@pytest.mark.real("aiida-core")
def test_page_is_that_of_aiida_core(tmp_path: Path) -> None:
    python = REFERENCE / "python"
    if subprocess.run([str(python), "-c", "import sphinx"], capture_output=True).returncode:
        subprocess.run([str(python), "-m", "pip", "install", "-q", "sphinx"], check=True, capture_output=True, timeout=300)
    temporary = (
        "from aiida import load_profile\nfrom aiida.storage.sqlite_temp import SqliteTempBackend\n"
        "load_profile(SqliteTempBackend.create_profile('docs'))\n"
    )
    index = INDEX.split(".. aiida-calcjob")[0]
    theirs, _ = build(tmp_path / "theirs", index, python, conf=temporary)
    ours, _ = build(tmp_path / "ours", index)
    assert normalised(theirs) == normalised(ours)


def normalised(page: str) -> list[str]:
    """The lines without the help texts of the metadata, which are each project's own words, and without spaces."""
    text = re.sub(r"(\*is_metadata\*)\s+--.*?(?=\n\s*\*|\n\n)", r"\1", page, flags=re.DOTALL)
    return [re.sub(r"\s+", "", line) for line in textwrap.dedent(text).splitlines() if line.strip()]
