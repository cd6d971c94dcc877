"""`run`, `submit` and process functions in a Jupyter notebook, IPython, coroutines and threads: the same lines everywhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import nbclient
import nbformat
import pytest

from tests.home import Home, make_home


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A profile with a daemon of one worker."""
    with make_home() as made:
        made.verdi("daemon", "start", "1")
        yield made


CELLS = (
    """
from aiida import load_profile, orm
from aiida.engine import ToContext, WorkChain, await_processes, await_processes_async, calcfunction, run, run_async, run_get_node, submit, submit_async, workfunction
profile = load_profile()
from daemon_processes import Parent, Slow
""",
    """
@calcfunction
def double(x):
    return x * 2

double(orm.Int(21))
""",
    """
@workfunction
def twice(x):
    return double(double(x))

class Local(WorkChain):
    "Defined in the notebook: nobody else can import it, and it runs here all the same."
    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.output("y")
        spec.outline(cls.call, cls.finish)
    def call(self):
        return ToContext(child=self.submit(Slow, seconds=orm.Float(0.01), n=self.inputs.x))
    def finish(self):
        self.out("y", twice(self.ctx.child.outputs.total))

result, node = run_get_node(Local, x=orm.Int(5))
print(result["y"].value, node.exit_status, twice(orm.Int(1)).value)
""",
    """
node = submit(Parent, seconds=orm.Float(0.01))
await await_processes_async([node])
print(node.outputs.total.value)
""",
    """
import asyncio
nodes = await asyncio.gather(*[submit_async(Slow, seconds=orm.Float(0.01), n=orm.Int(i)) for i in range(3)])
await await_processes_async(nodes)
both = await asyncio.gather(run_async(Slow, seconds=orm.Float(0.01), n=orm.Int(7)), run_async(double, x=orm.Int(4)))
print([n.outputs.total.value for n in nodes], both[0]["total"].value, both[1].value)
""",
    """
node = submit(Slow, seconds=orm.Float(0.01))
await_processes([node])          # without await, though the kernel's loop runs in this thread
builder = Slow.get_builder()
builder.seconds = orm.Float(0.01)
print(node.outputs.total.value, run(builder)["total"].value)
""",
)


def make_notebook(cells: tuple[str, ...]) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


def execute(notebook: nbformat.NotebookNode, home: Home, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run a notebook in a kernel of its own; the printed text or value of each cell."""
    for key in ("AIIDA_PATH", "PYTHONPATH", "PATH"):
        monkeypatch.setenv(key, home.environment[key])
    monkeypatch.setenv("IPYTHONDIR", str(home.folder / "ipython"))
    client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(home.folder)}})
    client.execute()
    return ["".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in cell.outputs if o.get("name") != "stderr") for cell in notebook.cells]


def test_a_notebook_is_executed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = execute(make_notebook(CELLS), home, monkeypatch)
    assert "value: 42" in texts[1]
    assert texts[2].strip() == "80 0 4"
    assert texts[3].strip() == "24"
    assert texts[4].strip() == "[0, 4, 8] 28 8"
    assert texts[5].strip() == "4 4"
    home.verdi("devel", "check-invariants")


def test_an_interrupted_cell_kills_its_process_and_the_next_cell_works(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stop button of a notebook: what the cell ran is killed, the kernel goes on."""
    interrupt = """
import os, signal, threading
threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    run(Slow, seconds=orm.Float(3.0))
except BaseException as error:
    print(type(error).__name__)
"""
    state = "print(orm.QueryBuilder().append(orm.WorkChainNode, tag='n').order_by({'n': {'id': 'desc'}}).first(flat=True).process_state.value, double(orm.Int(2)).value)"
    texts = execute(make_notebook((*CELLS[:2], interrupt, state)), home, monkeypatch)
    assert texts[2].strip() == "KeyboardInterrupt"
    assert texts[3].strip() == "killed 4"


def run_python(home: Home, *words: str, text: str | None = None) -> str:
    done = subprocess.run(
        [sys.executable, *words], input=text, env={**home.environment, "IPYTHONDIR": str(home.folder / "ipython")},
        capture_output=True, text=True, timeout=120, cwd=home.folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_ipython(home: Home) -> None:
    """Top-level await, and the magic that loads the profile."""
    lines = """%load_ext aiida
%aiida
from aiida.engine import await_processes_async, calcfunction, run, submit
from daemon_processes import Slow
print("RUN", run(Slow, seconds=orm.Float(0.01))["total"].value)
node = submit(Slow, seconds=orm.Float(0.01), n=orm.Int(3))
await await_processes_async([node])
print("AWAITED", node.outputs.total.value)
"""
    script = home.folder / "lines.ipy"
    script.write_text("from aiida import orm\n" + lines)
    seen = run_python(home, "-m", "IPython", "--no-banner", "--colors=NoColor", str(script))
    assert "RUN 4" in seen
    assert "AWAITED 12" in seen


def test_asyncio_run(home: Home) -> None:
    """In a coroutine the blocking forms block, the awaited forms let the loop go on."""
    seen = home.script(
        """
        import asyncio
        from aiida.engine import await_processes_async, run, run_async, submit_async
        ticks = []
        async def tick():
            while True:
                ticks.append(time.monotonic())
                await asyncio.sleep(0.01)
        async def main():
            blocking = run(Slow, seconds=orm.Float(0.01))["total"].value
            ticking = asyncio.create_task(tick())
            awaited = (await run_async(Slow, seconds=orm.Float(0.1)))["total"].value
            counted = len(ticks)
            node = await submit_async(Slow, seconds=orm.Float(0.01))
            await await_processes_async([node])
            ticking.cancel()
            return [blocking, awaited, node.outputs.total.value, counted >= 3]
        result = asyncio.run(main()) + asyncio.run(main())
        """
    )
    assert seen == [4, 4, 4, True] * 2


def test_plain_threads(home: Home) -> None:
    """Several threads run and submit at once."""
    seen = home.script(
        """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        from aiida.engine import await_processes, run
        def work(i):
            ran = run(Slow, seconds=orm.Float(0.01), n=orm.Int(i))["total"].value
            node = submit(Slow, seconds=orm.Float(0.01), n=orm.Int(i))
            await_processes([node])
            return [ran, node.outputs.total.value, add(orm.Int(i), orm.Int(i)).value, threading.current_thread() is not threading.main_thread()]
        with ThreadPoolExecutor(4) as pool:
            result = list(pool.map(work, range(6)))
        """
    )
    assert seen == [[4 * i, 4 * i, 2 * i, True] for i in range(6)]
    home.verdi("devel", "check-invariants")


def test_pytest_asyncio(home: Home) -> None:
    """A user's own test file, with coroutines as tests."""
    (home.folder / "test_users_own.py").write_text(
        """
import asyncio
import pytest
from aiida import load_profile, orm
load_profile()
from aiida.engine import await_processes_async, run, run_async, submit
from daemon_processes import Slow, add

@pytest.mark.asyncio
async def test_blocking():
    assert run(Slow, seconds=orm.Float(0.01))["total"].value == 4
    assert add(orm.Int(1), orm.Int(2)).value == 3

@pytest.mark.asyncio
async def test_awaited():
    assert (await run_async(Slow, seconds=orm.Float(0.01)))["total"].value == 4
    node = submit(Slow, seconds=orm.Float(0.01))
    await asyncio.wait_for(await_processes_async([node]), 60)
    assert node.is_finished_ok
"""
    )
    seen = run_python(home, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(home.folder), "test_users_own.py")
    assert "2 passed" in seen


def test_nothing_is_left_of_a_kernel(home: Home) -> None:
    """Interpreters sign off: the workers known are those of the daemon."""
    kinds = home.script(
        """
        from aiida.manage import get_manager
        from aiida.storage import journal
        store = get_manager().get_profile_storage()
        deadline = time.monotonic() + 20
        while True:
            with store.reading() as connection:
                result = [row[4] for row in journal.list_workers(connection)]
            if result == ["daemon"] or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        """
    )
    assert kinds == ["daemon"]
