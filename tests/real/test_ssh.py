"""Transports over a real SSH server on this machine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time

import pytest

from aiida.tools.checks.transport import check_transport
from aiida.transports.errors import classify
from aiida.transports.plugins.ssh import SshTransport
from aiida.transports.plugins.ssh_async import AsyncSshTransport
from aiida.transports.plugins.ssh_auto import SshAutoTransport, choose_backend
from aiida.transports.pool import TransportPool

from . import services

pytestmark = pytest.mark.real("sshd")


@pytest.fixture(scope="module")
def server():
    with services.sshd() as running:
        yield running


def make(server, host="cluster", **options):
    options.setdefault("use_login_shell", False)
    return AsyncSshTransport(machine=host, ssh_config=server.config, safe_interval=0.0, **options)


@pytest.mark.parametrize("login_shell", [False, True])
@pytest.mark.parametrize("backend", ["asyncssh", "openssh"])
def test_suite(server, tmp_path, backend, login_shell):
    check_transport(lambda: make(server, backend=backend, use_login_shell=login_shell), str(tmp_path))


@pytest.mark.parametrize("backend", ["asyncssh", "openssh"])
def test_login_shells_are_started_once(server, backend):
    with make(server, backend=backend, use_login_shell=True) as transport:
        assert "on" in transport.exec_command_wait("shopt login_shell")[1]
        begin = time.perf_counter()
        assert [transport.exec_command_wait(f"echo {i}; exit {i}") for i in range(20)] == [(i, f"{i}\n", "") for i in range(20)]
        assert time.perf_counter() - begin < 20 * 0.1


def test_suite_of_the_blocking_plugin(server, tmp_path):
    check_transport(
        lambda: SshTransport(machine="cluster", ssh_config=server.config, safe_interval=0.0, use_login_shell=False), str(tmp_path)
    )


@pytest.mark.parametrize("backend", ["asyncssh", "openssh"])
def test_proxy_jump(server, backend):
    with make(server, "behind", backend=backend) as transport:
        assert transport.exec_command_wait("echo there")[1] == "there\n"


def test_auto_takes_asyncssh_where_nothing_more_is_asked(server):
    with SshAutoTransport(machine="cluster", ssh_config=server.config, safe_interval=0.0) as transport:
        assert transport.backend_name == "asyncssh" and transport.reason
        assert transport.whoami() == server.user


def test_auto_takes_openssh_for_kerberos_and_match_blocks(server, tmp_path):
    for extra in ("Host cluster\n  GSSAPIAuthentication yes\n", "Match exec true\n  User somebody\n"):
        config = tmp_path / "config"
        config.write_text(extra + (server.folder / "config").read_text())
        assert asyncio.run(choose_backend("cluster", str(config)))[0] == "openssh"


def _failure(transport):
    with pytest.raises(Exception) as caught, transport:
        pass
    return classify(caught.value)


@pytest.mark.parametrize("backend", ["asyncssh", "openssh"])
@pytest.mark.parametrize(
    "line, words, temporary",
    [
        ("  UserKnownHostsFile /dev/null", "host key", False),
        ("  IdentityFile /nonexistent", "", False),
        ("  HostName no-such-host.invalid", "no host", False),
        ("  Port 1", "cannot be reached", True),
    ],
)
def test_one_clear_message_for_each_mistake(server, tmp_path, backend, line, words, temporary):
    config = tmp_path / "config"
    config.write_text(f"Host cluster\n{line}\n" + (server.folder / "config").read_text().replace(f"IdentityFile {server.folder}/id", "IdentityAgent none")
                      if "IdentityFile" in line else f"Host cluster\n{line}\n" + (server.folder / "config").read_text())  # fmt: skip
    failure = _failure(AsyncSshTransport(machine="cluster", ssh_config=str(config), backend=backend, safe_interval=0.0))
    assert failure.temporary is temporary, failure
    assert words in failure.reason


class Login:
    """What the pool needs of an AuthInfo."""

    pk = 1

    def __init__(self, factory):
        self.get_transport = factory


async def test_one_connection_for_all(server):
    before = server.count_connections()
    pool = TransportPool()
    login = Login(lambda: make(server))

    async def job(i):
        async with pool.transport(login) as transport:
            return (await transport.exec_command_wait_async(f"echo {i}"))[1]

    assert [int(x) for x in await asyncio.gather(*(job(i) for i in range(30)))] == list(range(30))
    await pool.close()
    assert server.count_connections() == before + 1


async def test_a_cut_is_noticed_and_the_next_request_connects_again():
    with services.sshd() as own:
        pool = TransportPool()
        login = Login(lambda: make(own))
        async with pool.transport(login) as transport:
            await transport.exec_command_wait_async("true")
        own.cut()
        with pytest.raises(Exception) as caught:
            async with pool.transport(login) as transport:
                await transport.exec_command_wait_async("true")
        assert classify(caught.value).unreachable
        own.up()
        pool.state(login).retry_at = 0.0
        async with pool.transport(login) as transport:
            assert (await transport.exec_command_wait_async("echo back"))[1] == "back\n"
        await pool.close()


def test_a_thousand_small_files_take_at_most_twice_the_time_of_tar(server, tmp_path):
    (tmp_path / "many").mkdir()
    for i in range(1000):
        (tmp_path / "many" / str(i)).write_bytes(os.urandom(1000))
    with make(server) as transport:
        transport.exec_command_wait("true")
        ours, tar = [], []
        for i in range(3):
            begin = time.perf_counter()
            transport.put(str(tmp_path / "many"), str(tmp_path / f"put{i}"))
            ours.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            archive = subprocess.run(["tar", "-C", str(tmp_path / "many"), "-cf", "-", "."], capture_output=True, check=True).stdout
            transport.exec_command_wait_bytes(f"mkdir {tmp_path}/tar{i} && tar -C {tmp_path}/tar{i} -xf -", stdin=archive)
            tar.append(time.perf_counter() - begin)
    assert len(os.listdir(tmp_path / "put0")) == 1000
    assert min(ours) <= 2 * min(tar) + 0.1, (ours, tar)


def test_a_large_file_does_not_fill_the_memory(server, tmp_path):
    big = tmp_path / "big"
    with open(big, "wb") as handle:
        handle.truncate(300_000_000)
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with make(server) as transport:
        transport.put(str(big), str(tmp_path / "copy"))
        transport.get(str(tmp_path / "copy"), str(tmp_path / "back"))
    assert os.path.getsize(tmp_path / "back") == 300_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120_000  # kB
