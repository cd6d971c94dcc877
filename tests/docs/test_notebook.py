"""One notebook, executed for real: magics, process functions, work chains, jobs and coroutines in cells of a running event loop."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

CELLS = (
    "%load_ext aiida\n%aiida",
    "from aiida.engine import calcfunction, run_get_node, submit\nfrom aiida.engine.launch import run_async\nfrom tests.docs.examples import FanOut, Horner",
    "@calcfunction\ndef cube(x):\n    return orm.Int(x.value ** 3)\n\ncube(orm.Int(3)).value",
    "outcome = run_get_node(FanOut, count=orm.Int(2))\noutcome.node.is_finished_ok, outcome.result['total'].value",
    "(await run_async(Horner, x=1, y=2, z=3))['result'].value",
    "node = submit(Horner, x=4, y=5)\nnode.is_stored and not node.is_terminated",
    "%verdi process list -a -r -P process_label",
)


@pytest.mark.timeout(300)
def test_cells_of_a_notebook(profile: Path, tmp_path: Path) -> None:
    """Each cell gives what it would in a script."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    results = [
        "".join(output["data"]["text/plain"] if "data" in output else output.get("text", "") for output in cell.outputs) for cell in notebook.cells
    ]
    assert "presto" in results[0]
    assert results[2].splitlines()[-1] == "27"
    assert "(True, 33)" in results[3]
    assert results[4].splitlines()[-1] == "9"  # after the report of the work chain
    assert "True" in results[5]
    assert {"cube", "FanOut", "Horner", "plus"} <= set(results[6].split())
