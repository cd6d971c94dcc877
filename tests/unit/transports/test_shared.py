"""One connection for several: who comes first holds it, the others call through a socket, and take over when it goes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from aiida.tools.checks.transport import check_transport
from aiida.transports.errors import Refused, TransportFailure, Unreachable, classify
from aiida.transports.plugins.local import LocalTransport
from aiida.transports.shared import Meeting, SharedPool, SharedTransport, join
from aiida.transports.util import FileAttribute
from aiida.transports.wire import _lower, _raise, pack_error, unpack_error


class Counted(LocalTransport):
    """A transport that counts its connections."""

    shares_connection = True
    opened = 0

    def open(self):
        type(self).opened += 1
        return super().open()


class Login:
    """What the pool needs of an AuthInfo."""

    pk = 1

    def __init__(self, kind=Counted):
        self.kind = kind

    def get_auth_params(self):
        return {}

    def get_transport(self):
        return self.kind(machine="localhost", use_login_shell=False, safe_interval=0.0)


@pytest.fixture
def scope(tmp_path):
    Counted.opened = 0
    return str(tmp_path)


async def test_two_pools_open_one_connection(scope):
    first, second = SharedPool(scope), SharedPool(scope)
    async with first.transport(Login()) as holder, second.transport(Login()) as caller:
        assert holder.is_holder and not caller.is_holder
        replies = await asyncio.gather(*(t.exec_command_wait_async(f"echo {i}") for i in range(20) for t in (holder, caller)))
        assert [reply[1] for reply in replies] == [f"{i}\n" for i in range(20) for _ in range(2)]
        with pytest.raises(FileNotFoundError):
            await caller.listdir_async("/nonexistent")
    assert Counted.opened == 1
    await second.close()
    await first.close()


async def test_a_holder_that_is_done_serves_on_and_then_leaves(scope):
    first, second = SharedPool(scope), SharedPool(scope)
    async with second.transport(Login()):
        pass  # holds now
    async with first.transport(Login()) as caller:
        assert not caller.is_holder
        await second.close()
        assert (await caller.exec_command_wait_async("echo on"))[1] == "on\n"
    await first.close()
    async with first.transport(Login()) as transport:
        assert transport.is_holder and Counted.opened == 2
    await first.close()


def test_who_only_looks_joins_and_never_holds(scope):
    with join(Login(), scope) as alone:
        assert alone.whoami() and Counted.opened == 1
        with join(Login(), scope) as another:
            assert another.whoami() and Counted.opened == 2
    with SharedTransport(Login().get_transport, Meeting(f"{scope}:1:localhost:[]")) as holder, join(Login(), scope) as looking:
        assert holder.is_holder and looking.whoami() == holder.whoami()
        assert Counted.opened == 3


def test_the_suite_of_transports_through_the_socket(tmp_path, scope):
    meeting = Meeting(scope)
    make = Login().get_transport
    (tmp_path / "suite").mkdir()
    with SharedTransport(make, meeting):
        check_transport(lambda: SharedTransport(make, meeting), str(tmp_path / "suite"))
    assert Counted.opened == 1


async def test_a_connection_that_broke_is_served_to_nobody(scope):
    class Fragile(Counted):
        def exec_command_wait(self, command, *args, **kwargs):
            if command == "break":
                self.close()
                raise Unreachable("the connection was lost")
            return super().exec_command_wait(command, *args, **kwargs)

    pools = [SharedPool(scope) for _ in range(3)]
    login = Login(Fragile)
    for breaker in (0, 1):  # the holder itself, and one who calls
        async with pools[0].transport(login) as holder, pools[1].transport(login) as caller:
            assert holder.is_holder and not caller.is_holder
            with pytest.raises(Unreachable):
                await (holder, caller)[breaker].exec_command_wait_async("break")
            async with pools[2].transport(login) as third:
                assert third.is_holder and (await third.whoami_async())
            await asyncio.sleep(0.05)
            assert not holder.is_open and not caller.is_open
        await pools[2].close()
    assert Fragile.opened == 4
    for pool in pools:
        await pool.close()


HOLDER = """
import sys, time
from aiida.transports.plugins.local import LocalTransport
from aiida.transports.shared import Meeting, SharedTransport
with SharedTransport(lambda: LocalTransport(machine="localhost", use_login_shell=False, safe_interval=0.0), Meeting(sys.argv[1])):
    print("open", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(scope):
    """Another process that holds the connection."""
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(HOLDER), scope], stdout=subprocess.PIPE)
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()


async def test_a_holder_that_is_killed_is_replaced(scope, holder):
    async with SharedTransport(Login().get_transport, Meeting(scope)) as transport:
        assert not transport.is_holder
        asking = asyncio.create_task(transport.exec_command_wait_async("sleep 30"))
        await asyncio.sleep(0.3)
        holder.send_signal(signal.SIGKILL)
        with pytest.raises(TransportFailure) as caught:
            await asking
        failure = classify(caught.value)
        assert failure.temporary and not failure.unreachable  # the machine is well: nobody else has to wait
        assert not transport.is_open
    async with SharedTransport(Login().get_transport, Meeting(scope)) as transport:
        assert transport.is_holder


async def test_openings_keep_the_distance_that_the_machine_wants(scope):
    import time

    class Polite(Counted):
        def get_safe_open_interval(self):
            return 0.8

    for _ in range(2):
        begun = time.monotonic()
        async with SharedTransport(Login(Polite).get_transport, Meeting(scope)):
            took = time.monotonic() - begun
    assert took > 0.5


@pytest.mark.parametrize(
    "value", [None, True, 3, "text", "odd \udcff name", {"a": ["b\udcfe"]}, FileAttribute({"st_size": 3, "st_mode": 1}), b"\xff"]
)
def test_values_come_out_as_they_went_in(value):
    assert _raise(_lower(value)) == value and type(_raise(_lower(value))) is type(value)


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file", "/x"), Unreachable("away"), Refused("no"), OSError(28, "full", "/y"), ValueError("bad")])
def test_errors_come_out_as_they_went_in(error):
    back = unpack_error(pack_error(error))
    assert type(back) is type(error) and str(back) == str(error) and classify(back) == classify(error)


def test_the_folder_is_ours_alone(tmp_path, monkeypatch):
    from aiida.transports.shared import meeting_folder

    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = meeting_folder()
    assert os.stat(folder).st_mode & 0o777 == 0o700
    os.chmod(folder, 0o755)
    with pytest.raises(PermissionError, match="only this user"):
        meeting_folder()
