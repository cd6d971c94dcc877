"""C16: what tools for documentation read from a specification, and what a dry run shows, are those of aiida-core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
from aiida.common.datastructures import CalcInfo, CodeInfo
from aiida.common.exceptions import InvalidOperation
from aiida.common.folders import Folder
from aiida.engine import CalcJob, WorkChain, if_, run_get_node, while_
from aiida.engine.utils import instantiate_process


class Documented(WorkChain):
    """Steps with and without words."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.first, while_(cls.more)(cls.last))

    def first(self) -> None:
        """Prepare.

        With care.
        """

    def more(self) -> bool:
        """Whether there is more."""
        return False

    def last(self) -> None:
        pass


class Alone(Documented):
    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(if_(cls.more)(cls.first))


def test_c16_an_outline_is_described_with_the_words_of_its_steps() -> None:
    expected = ["first(Prepare. With care.)", {"while(more)": ["last"]}]
    assert Documented.spec().get_outline().get_description() == expected
    assert Documented.spec().get_description()["outline"] == expected
    assert Alone.spec().get_outline().get_description() == {"if(more)": ["first(Prepare. With care.)"]}


def test_c09_an_option_with_a_default_is_not_none() -> None:
    options = ArithmeticAddCalculation.spec().inputs["metadata"]["options"]
    assert options["prepend_text"].valid_type is str and options["account"].valid_type == (str, type(None))
    assert options["resources"].required and options["resources"].has_default(), (
        "a default given later leaves the port as it is"
    )


class Copying(CalcJob):
    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("parent", valid_type=orm.RemoteData)
        spec.inputs["metadata"]["options"]["resources"].default = {"num_machines": 1, "num_mpiprocs_per_machine": 1}

    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        code, info = CodeInfo(), CalcInfo()
        code.code_uuid = self.inputs.code.uuid
        info.codes_info = [code]
        info.remote_copy_list = [
            (self.inputs.parent.computer.uuid, "/there/a", "a"),
            (self.inputs.parent.computer.uuid, "/there/b", "b/"),
        ]
        info.remote_symlink_list = [(self.inputs.parent.computer.uuid, "/there/c", "c")]
        return info


def test_f04_a_dry_run_says_what_would_be_copied_there(
    engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    computer = orm.Computer("here", "localhost", "", "core.local", "core.direct", str(tmp_path)).store()
    computer.configure()
    code = orm.InstalledCode(label="true", computer=computer, filepath_executable="/bin/true").store()
    parent = orm.RemoteData("/there", computer=computer)
    _, node = run_get_node(Copying, code=code, parent=parent, metadata={"dry_run": True, "store_provenance": False})
    folder = Path(node.dry_run_info["folder"])
    copied = (folder / "_aiida_remote_copy_list.txt").read_text().splitlines()
    assert copied[1] == "would have copied /there/b to b/ in working directory on remote here" and len(copied) == 2
    assert "/there/c to c" in (folder / "_aiida_remote_symlink_list.txt").read_text()


def test_a20_an_instance_made_by_hand_is_run_when_asked(engine: Any) -> None:
    """aiida-phonopy's tests do so; a second time there is nothing to run."""
    process = instantiate_process(engine, Documented)
    assert run_get_node(process).node.pk == process.node.pk and process.node.is_finished_ok
    with pytest.raises(InvalidOperation, match="was run already"):
        run_get_node(process)
    with pytest.raises(ValueError, match="has its inputs already"):
        run_get_node(instantiate_process(engine, Documented), metadata={"label": "other"})
    other = instantiate_process(engine, Documented)
    assert engine.run_get_node(other).node.is_finished_ok
