"""Computers and codes from plain settings, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.orm.utils.builders.code import CodeBuilder
from aiida.orm.utils.builders.computer import ComputerBuilder

SETTINGS: dict[str, Any] = {
    "label": "built",
    "description": "d",
    "hostname": "localhost",
    "scheduler": "core.direct",
    "transport": "core.local",
    "prepend_text": "p",
    "append_text": "a",
    "work_dir": "/tmp/w",
    "shebang": "#!/bin/sh",
    "mpirun_command": "srun -n {tot_num_mpiprocs}",
    "mpiprocs_per_machine": 4,
    "default_memory_per_machine": 100,
    "use_double_quotes": True,
}


def test_computer_round_trip() -> None:
    computer = ComputerBuilder(**SETTINGS).new().store()
    assert ComputerBuilder.get_computer_spec(orm.load_computer("built")) == SETTINGS
    assert ComputerBuilder.from_computer(computer).hostname == "localhost"


def test_computer_is_checked() -> None:
    with pytest.raises(ComputerBuilder.ComputerValidationError, match="hostname"):
        ComputerBuilder(**{**SETTINGS, "hostname": ""}).new()
    with pytest.raises(ComputerBuilder.ComputerValidationError, match="integer"):
        ComputerBuilder(**{**SETTINGS, "mpiprocs_per_machine": "many"}).new()
    assert not ComputerBuilder(label="x").validate(raise_error=False)


def test_codes(tmp_path: Path) -> None:
    computer = ComputerBuilder(**{**SETTINGS, "label": "for-codes"}).new().store()
    code = CodeBuilder(
        code_type=CodeBuilder.CodeType.ON_COMPUTER,
        label="built-code",
        computer=computer,
        remote_abs_path="/bin/true",
        input_plugin="core.arithmetic.add",
    ).new()
    assert isinstance(code.store(), orm.InstalledCode) and code.full_label == "built-code@for-codes"
    spec = CodeBuilder.get_code_spec(code)
    assert spec["remote_abs_path"] == "/bin/true" and spec["computer"] == "for-codes" and spec["on_computer"]
    (tmp_path / "run.sh").write_text("true")
    portable = CodeBuilder(
        code_type=CodeBuilder.CodeType.STORE_AND_UPLOAD, label="p", code_folder=str(tmp_path), code_rel_path="run.sh"
    ).new()
    assert isinstance(portable.store(), orm.PortableCode)
    with pytest.raises(CodeBuilder.CodeValidationError, match="absolute"):
        CodeBuilder(code_type=CodeBuilder.CodeType.ON_COMPUTER, computer=computer, remote_abs_path="true").new()
    with pytest.raises(CodeBuilder.CodeValidationError, match="code type"):
        CodeBuilder(label="x").new()
