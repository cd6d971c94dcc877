"""A job whose executable is missing: what bash, srun and mpirun print, and what the user is told."""

from __future__ import annotations

import pytest

from aiida.engine.processes.calcjobs.executables import explain_start

SAMPLES = {
    "bash, no file": "_aiidasubmit.sh: line 40: /opt/code/pw.x: No such file or directory",
    "bash, not on the PATH": "_aiidasubmit.sh: line 40: /opt/code/pw.x: command not found",
    "srun": "slurmstepd: error: execve(): /opt/code/pw.x: No such file or directory",
    "mpirun": "mpirun was unable to find the specified executable file, and therefore did not launch: /opt/code/pw.x",
}


@pytest.mark.parametrize("stderr", SAMPLES.values(), ids=SAMPLES)
def test_missing_executable_is_named_with_the_next_step(stderr: str) -> None:
    message = explain_start(f"some banner\n{stderr}\n", "/opt/code/pw.x", "pw@cluster", "cluster")
    assert message is not None
    assert "`/opt/code/pw.x` of code `pw@cluster` was not found on computer `cluster`" in message
    assert "verdi code test pw@cluster" in message


def test_executable_without_permission() -> None:
    message = explain_start("bash: /opt/code/pw.x: Permission denied", "/opt/code/pw.x", "pw@cluster", "cluster")
    assert message is not None
    assert "may not be executed" in message


def test_what_the_code_itself_complains_about_is_left_to_its_parser() -> None:
    assert explain_start("pw.x: cannot open pseudo.UPF: No such file or directory", "/opt/code/pw.x", "a", "b") is None
    assert explain_start("", "/opt/code/pw.x", "a", "b") is None
