"""Transports over a real SSH server on this machine."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import time

import pytest

from aiida.tools.checks.transport import check_transport
from aiida.transports.errors import classify
from aiida.transports.plugins.asyncssh_backend import KEEPALIVE, AsyncSshFiles
from aiida.transports.plugins.local import LocalTransport
from aiida.transports.plugins.openssh import OpenSshFiles
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


async def test_signs_of_life_are_sent_as_the_user_configured(server, tmp_path):
    """`ServerAliveInterval` and `ConnectTimeout` of the configuration are heeded by both back ends; without them ours are taken."""
    config = tmp_path / "config"
    config.write_text("Host cluster\n  ServerAliveInterval 3\n  ConnectTimeout 7\n" + (server.folder / "config").read_text())
    for path, interval, timeout in ((str(config), 3, 7), (server.config, KEEPALIVE, 60)):
        given = AsyncSshFiles("cluster", {"config": [path]})._with_defaults()
        assert given.get("keepalive_interval", 3) == interval and given.get("connect_timeout", 7) == timeout
        files = OpenSshFiles("cluster", config_file=path)
        await files.open()
        try:
            words = " ".join(files._words)
            assert (f"ServerAliveInterval={interval}" in words) is (interval == KEEPALIVE)
            assert (f"ConnectTimeout={timeout}" in words) is (timeout == 60)
        finally:
            await files.close()


async def test_a_master_connection_of_the_user_is_used_and_left_alone(server, tmp_path):
    """With ControlMaster on the terminal no second login is needed, and closing ours does not end theirs."""
    control = tmp_path / "m"
    config = tmp_path / "config"
    config.write_text(f"Host cluster\n  ControlPath {control}\n" + (server.folder / "config").read_text())
    master = await asyncio.create_subprocess_exec("ssh", "-F", str(config), "-M", "-N", "cluster")
    try:
        await asyncio.to_thread(services.wait_for, control.exists, "the master's socket")
        before = server.count_connections()
        transport = SshAutoTransport(machine="cluster", ssh_config=str(config), safe_interval=0.0, use_login_shell=False)
        async with transport:
            assert transport.backend_name == "openssh" and "master" in transport.reason
            assert (await transport.exec_command_wait_async("echo through"))[1] == "through\n"
        assert server.count_connections() == before and control.exists() and master.returncode is None
    finally:
        master.terminate()
        await master.wait()


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
        for i in range(10):  # the best of several: others use this machine too
            begin = time.perf_counter()
            transport.put(str(tmp_path / "many"), str(tmp_path / f"put{i}"))
            ours.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            archive = subprocess.run(["tar", "-C", str(tmp_path / "many"), "-cf", "-", "."], capture_output=True, check=True).stdout
            transport.exec_command_wait_bytes(f"mkdir {tmp_path}/tar{i} && tar -C {tmp_path}/tar{i} -xf -", stdin=archive)
            tar.append(time.perf_counter() - begin)
            if i > 1 and min(ours) <= 2 * min(tar):
                break
    assert len(os.listdir(tmp_path / "put0")) == 1000
    assert min(ours) <= 2 * min(tar), (ours, tar)


async def large_file(server, folder, size, backend):
    """Send a large file there and back; meanwhile others use the connection. The memory that it took (kB), the longest wait (s)."""
    big = folder / "big"
    with open(big, "wb") as handle:
        handle.write(os.urandom(1 << 20))
        handle.truncate(size)
    pool = TransportPool()
    login = Login(lambda: make(server, backend=backend))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    waits, is_done = [], asyncio.Event()

    async def others():
        while not is_done.is_set():
            async with pool.transport(login) as transport:
                begun = time.perf_counter()
                assert (await transport.exec_command_wait_async("echo here"))[1] == "here\n"
                assert await transport.isdir_async(str(folder))
                waits.append(time.perf_counter() - begun)
            await asyncio.sleep(0.05)

    async with pool.transport(login) as transport:
        asking = asyncio.create_task(others())
        await transport.put_async(str(big), str(folder / "copy"))
        await transport.get_async(str(folder / "copy"), str(folder / "back"))
        is_done.set()
        await asking
    await pool.close()
    assert os.path.getsize(folder / "back") == size
    with open(folder / "back", "rb") as back, open(big, "rb") as source:
        assert back.read(1 << 20) == source.read(1 << 20)
    for name in ("big", "copy", "back"):
        (folder / name).unlink()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, max(waits), len(waits)


@pytest.mark.parametrize("backend", ["asyncssh", "openssh"])
async def test_a_large_file_neither_fills_the_memory_nor_delays_others(server, tmp_path, backend):
    memory, longest, asked = await large_file(server, tmp_path, 200_000_000, backend)
    assert memory < 100_000 and longest < 2.0 and asked > 3, (memory, longest, asked)


@pytest.mark.proof
@pytest.mark.timeout(1800)
async def test_ten_gigabytes_neither_fill_the_memory_nor_delay_others(server, tmp_path):
    memory, longest, asked = await large_file(server, tmp_path, 10_000_000_000, "asyncssh")
    print(f"{memory} kB of memory, longest wait {longest:.2f} s of {asked}")
    assert memory < 150_000 and longest < 3.0 and asked > 100, (memory, longest, asked)


#: what a shell, a tool or a terminal may stumble over; all of it is a name like any other
NASTY = (
    "plain", "with space", "tab\there", "line\nbreak", "it's", 'say "hi"', "$(touch OWNED)", "`touch OWNED`", "; touch OWNED;", "| touch OWNED",
    "& touch OWNED &", "> OWNED", "$HOME", "${IFS}", "~", "~root", "-rf", "--help", "*", "?", "[a-z]", "{a,b}", "\\", "trailing\\", "#hash",
    "!history", "%s%n", "ünïcödé", "日本語", "🙂", "\u202eright", "e\u0301", "a" * 200, "é" * 120, " leading", "trailing ", "'", "'\"'\"'", "\r",
    "\x01\x1b[31m", "..x", "...", "-", "=", "name.aiida-part", "\udcff\udcfe",
)  # fmt: skip


WORST = ("line\nbreak", "it's $(touch OWNED) `touch OWNED`", "; touch OWNED; *", "--help", "日本語 🙂", "\udcff\udcfe", "trailing\\")
KINDS = pytest.mark.parametrize("kind", ["local", "ssh", "asyncssh", "openssh"])


@KINDS
def test_the_worst_names_break_no_operation(server, tmp_path, kind):
    try_names(server, tmp_path, kind, WORST)


@pytest.mark.proof
@pytest.mark.timeout(900)
@KINDS
def test_no_name_breaks_any_operation(server, tmp_path, kind):
    try_names(server, tmp_path, kind, NASTY)


def try_names(server, tmp_path, kind, names):
    """Each operation with each name, in a folder of that name; nothing else happens, and nothing is left over."""
    makers = {
        "local": lambda: LocalTransport(machine="localhost", use_login_shell=False),
        "ssh": lambda: SshTransport(machine="cluster", ssh_config=server.config, safe_interval=0.0, use_login_shell=False),
        "asyncssh": lambda: make(server, backend="asyncssh"),
        "openssh": lambda: make(server, backend="openssh"),
    }
    root, here = tmp_path / "there", tmp_path / "here"
    root.mkdir(), here.mkdir()
    (here / "source").write_text("x")
    with makers[kind]() as transport:
        for name in names:
            folder = f"{root}/{name}"
            transport.makedirs(f"{folder}/{name}")
            assert transport.isdir(f"{folder}/{name}") and transport.listdir(folder) == [name], name
            assert os.path.isdir(f"{folder}/{name}"), name
            inside = f"{folder}/{name}/{name}"
            if not any(sign in name for sign in "*?["):  # a pattern in `put`, `get` and `copy`
                local = here / name
                local.write_text(name, errors="surrogateescape")
                transport.put(str(local), inside)
                transport.copy(inside, f"{inside}2")
                transport.get(f"{inside}2", str(here / "back"))
                assert (here / "back").read_bytes() == os.fsencode(name), name
                transport.puttree(str(here), f"{folder}/tree {name}"[:-1])
                transport.remove(f"{inside}2")
                transport.rmtree(f"{folder}/tree {name}"[:-1])
                local.unlink()
            else:
                transport.putfile(str(here / "source"), inside)
                transport.getfile(inside, str(here / "back"))
            transport.copyfile(inside, f"{inside}3")
            transport.chmod(f"{inside}3", 0o640)
            assert transport.get_attribute(f"{inside}3").st_mode & 0o777 == 0o640
            transport.rename(f"{inside}3", f"{inside}4")
            assert transport.isfile(f"{inside}4") and not transport.path_exists(f"{inside}3")
            if not any(sign in name for sign in "*?["):
                transport.symlink(f"{inside}4", f"{inside}5")
                assert os.readlink(f"{inside}5") == f"{inside}4", name
            status, out, _ = transport.exec_command_wait("ls -1A | wc -l; pwd -P | wc -c", workdir=f"{folder}/{name}")
            assert status == 0, name
            seen = {entry["name"] for entry in transport.listdir_withattributes(f"{folder}/{name}")}
            assert {name, f"{name}4"} <= seen, name
            transport.rmtree(folder)
            assert not os.path.lexists(folder) and os.listdir(root) == [], name
    assert sorted(os.listdir(here)) == ["back", "source"]
    assert not [path for place in (tmp_path, root, here, os.path.expanduser("~"), "/") for path in [os.path.join(place, "OWNED")] if os.path.exists(path)]
