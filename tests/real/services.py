"""Real services for tests: an sshd, SLURM with accounting. Each on free ports, in a folder of its own; each stops what it started."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ("Sge", "Slurm", "Sshd", "free_port", "sge", "slurm", "sshd", "wait_for")


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait until a condition holds; raise TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")


def _answers(port: int, address: str = "127.0.0.1") -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=0.5):
        return True
    return False


class _Daemon:
    """Foreground children of ours, stopped in the reverse order of their start."""

    def __init__(self, within: tuple[str, ...] = ()) -> None:
        #: words before every command, such as those that enter a network namespace
        self.within = within
        self.folder = Path(tempfile.mkdtemp(prefix="aiida-real-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *words: str, env: dict[str, str] | None = None, **options: object) -> subprocess.Popen[bytes]:
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(
            (*self.within, *words), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(env or {})}, start_new_session=True, **options
        )  # type: ignore[call-overload]
        self.processes[name] = process
        return process

    def kill(self, name: str, sig: int = signal.SIGKILL) -> None:
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sig)
        process.wait(timeout=10)

    def stop(self) -> None:
        for name in reversed(list(self.processes)):
            process = self.processes.pop(name)
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=5)
        shutil.rmtree(self.folder, ignore_errors=True)


class Sshd(_Daemon):
    """An OpenSSH server on this machine that lets this user in with a key made for the purpose."""

    def __init__(self, within: tuple[str, ...] = (), address: str = "127.0.0.1", client: str = "", **variables: str) -> None:
        super().__init__(within)
        self.variables = "".join(f" {name}={value}" for name, value in variables.items())
        self.address, self.port = address, free_port()
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        for name in ("hostkey", "id"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)], check=True)
        shutil.copy(self.folder / "id.pub", self.folder / "authorized_keys")
        key = (self.folder / "hostkey.pub").read_text().split()
        (self.folder / "known_hosts").write_text(f"[{address}]:{self.port} {key[0]} {key[1]}\n")
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress {address}\nHostKey {self.folder}/hostkey\nPidFile {self.folder}/pid\n"
            f"AuthorizedKeysFile {self.folder}/authorized_keys\nPubkeyAuthentication yes\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nUsePAM no\nPermitRootLogin prohibit-password\nStrictModes no\n"
            "MaxStartups 100:30:200\nMaxSessions 10\nSubsystem sftp internal-sftp\nPermitUserEnvironment no\n"
            # A shell of a level above one does not read the user's .bashrc: tests do not depend on what is in it.
            f"SetEnv SHLVL=2{self.variables}\n"
        )
        (self.folder / "config").write_text(
            f"Host cluster\n{client}  HostName {address}\n  Port {self.port}\n  User {self.user}\n  IdentityFile {self.folder}/id\n"
            f"  IdentitiesOnly yes\n  UserKnownHostsFile {self.folder}/known_hosts\n  StrictHostKeyChecking yes\n\n"
            f"Host behind\n  HostName {address}\n  Port {self.port}\n  User {self.user}\n  IdentityFile {self.folder}/id\n"
            f"  IdentitiesOnly yes\n  UserKnownHostsFile {self.folder}/known_hosts\n  ProxyJump cluster\n"
        )
        self.up()

    @property
    def config(self) -> str:
        """The client configuration, with the hosts `cluster` and `behind` (the same, through a jump)."""
        return str(self.folder / "config")

    def up(self) -> None:
        """Start the server."""
        os.makedirs("/run/sshd", exist_ok=True)
        server = shutil.which("sshd") or "/usr/sbin/sshd"
        self.start("sshd", server, "-D", "-e", "-f", str(self.folder / "sshd_config"))
        wait_for(lambda: _answers(self.port, self.address), "sshd listening")

    def cut(self) -> None:
        """End the server and every connection that it serves."""
        listener = self.processes["sshd"].pid
        found = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.split("\n")
        parents = {int(pid): int(ppid) for pid, ppid in (line.split() for line in found if line.strip())}
        doomed = {pid for pid in parents if _descends(pid, listener, parents) and _is_sshd(pid)}
        self.kill("sshd")
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def count_connections(self) -> int:
        """How many logins the server's log has seen."""
        return (self.folder / "sshd.log").read_text(errors="replace").count("Accepted publickey")


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid > 1:
        pid = parents[pid]
        if pid == ancestor:
            return True
    return False


def _is_sshd(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().startswith("sshd")
    return False


class Slurm(_Daemon):
    """SLURM with accounting and four virtual nodes, started as root."""

    NODES = ("n1", "n2", "n3", "n4")

    def __init__(self, accounting: bool = True, within: tuple[str, ...] = (), cpus: int = 4) -> None:
        super().__init__(within)
        self.accounting, self.cpus = accounting, cpus
        self.ports = {name: free_port() for name in ("ctld", "dbd", "mysql", *self.NODES)}
        self.conf = self.folder / "slurm.conf"
        self.env = {"SLURM_CONF": str(self.conf)}
        for name in ("state", "log", "run", "mysql", "mysqlrun"):
            (self.folder / name).mkdir()
        try:
            self._munge()
            if accounting:
                self._database()
            self._write_conf()
            if accounting:
                self._accounting()
            self.controller_up()
            for node in self.NODES:
                (self.folder / f"spool.{node}").mkdir()
                self.start(f"slurmd-{node}", "slurmd", "-D", "-N", node, env=self.env)
            wait_for(lambda: self.command("sinfo", "-h", "-p", "debug", "-t", "idle", "-o", "%D").strip() == "4", "four idle nodes", 60)
        except BaseException:
            self.stop()
            raise

    def command(self, *words: str) -> str:
        """Run a command of SLURM and return its output; an empty text when it fails."""
        done = subprocess.run((*self.within, *words), env={**os.environ, **self.env}, capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else ""

    def _munge(self) -> None:
        socket_path = self.folder / "munge.socket"
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        self.munge = str(socket_path)
        self.start(
            "munged", "/usr/sbin/munged", "--foreground", "--force", "--socket", self.munge, "--key-file", str(key),
            "--pid-file", str(self.folder / "munged.pid"), "--log-file", str(self.folder / "munged.log2"),
            "--seed-file", str(self.folder / "munged.seed"),
        )  # fmt: skip
        wait_for(socket_path.exists, "munge's socket")
        os.chmod(socket_path, 0o777)

    def _database(self) -> None:
        data, run = self.folder / "mysql", self.folder / "mysqlrun"
        for path in (data, run):
            shutil.chown(path, "mysql")
        install = ["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start(
            "mariadbd", "mariadbd", "--no-defaults", "--user=mysql", f"--datadir={data}", f"--socket={run}/s", f"--pid-file={run}/pid",
            "--bind-address=127.0.0.1", f"--port={self.ports['mysql']}",
        )  # fmt: skip
        client = ["mariadb", "--no-defaults", "-S", f"{run}/s", "-u", "root", "-e"]
        wait_for(lambda: subprocess.run([*client, "select 1"], capture_output=True).returncode == 0, "the database", 60)
        users = "".join(
            f"create user slurm@'{host}' identified by 'pw'; grant all on slurm_acct.* to slurm@'{host}';" for host in ("127.0.0.1", "localhost")
        )
        subprocess.run([*client, f"create database slurm_acct; {users}"], check=True)

    def _write_conf(self) -> None:
        host = socket.gethostname().split(".")[0]
        account = (
            f"AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageHost=127.0.0.1\nAccountingStoragePort={self.ports['dbd']}\nAccountingStoragePass={self.munge}\n"
            if self.accounting
            else "AccountingStorageType=accounting_storage/none\n"
        )
        nodes = "".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={self.ports[node]} CPUs={self.cpus} RealMemory=2000 State=UNKNOWN\n"
            for node in self.NODES
        )
        self.conf.write_text(
            f"ClusterName=testcluster\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={self.ports['ctld']}\nSlurmUser=root\nSlurmdUser=root\n"
            f"AuthType=auth/munge\nAuthInfo=socket={self.munge}\nCredType=cred/munge\nMpiDefault=none\nProctrackType=proctrack/linuxproc\n"
            "TaskPlugin=task/none\nSwitchType=switch/none\nJobAcctGatherType=jobacct_gather/linux\nJobAcctGatherFrequency=1\n"
            "JobAcctGatherParams=OverMemoryKill\nSelectType=select/cons_tres\nSelectTypeParameters=CR_Core_Memory\nDefMemPerCPU=400\n"
            "SchedulerType=sched/backfill\nSchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=2\nEnforcePartLimits=ALL\n"
            f"ReturnToService=2\nStateSaveLocation={self.folder}/state\nSlurmdSpoolDir={self.folder}/spool.%n\n"
            f"SlurmctldPidFile={self.folder}/run/ctld.pid\nSlurmdPidFile={self.folder}/run/slurmd.%n.pid\n"
            f"SlurmctldLogFile={self.folder}/log/ctld.log\nSlurmdLogFile={self.folder}/log/slurmd.%n.log\n"
            "SlurmdParameters=config_overrides\nSlurmctldTimeout=30\nSlurmdTimeout=30\nKillWait=3\nMinJobAge=600\nMaxJobCount=20000\n"
            f"MaxArraySize=5001\nJobCompType=jobcomp/none\n{account}{nodes}"
            "PartitionName=debug Nodes=n[1-4] Default=YES MaxTime=INFINITE State=UP\nPartitionName=short Nodes=n[1-2] MaxTime=00:10:00 State=UP\n"
        )

    def _accounting(self) -> None:
        conf = self.folder / "slurmdbd.conf"
        conf.write_text(
            f"AuthType=auth/munge\nAuthInfo=socket={self.munge}\nDbdHost=localhost\nDbdAddr=127.0.0.1\nDbdPort={self.ports['dbd']}\n"
            f"SlurmUser=root\nLogFile={self.folder}/log/dbd.log\nPidFile={self.folder}/run/dbd.pid\nStorageType=accounting_storage/mysql\n"
            f"StorageHost=127.0.0.1\nStoragePort={self.ports['mysql']}\nStorageUser=slurm\nStoragePass=pw\nStorageLoc=slurm_acct\n"
        )
        conf.chmod(0o600)
        self.start("slurmdbd", "slurmdbd", "-D", env=self.env)
        wait_for(lambda: self._succeeds("sacctmgr", "-n", "show", "cluster"), "accounting", 60)
        self._succeeds("sacctmgr", "-i", "add", "cluster", "testcluster")
        self._succeeds("sacctmgr", "-i", "add", "account", "test", "Description=t", "Organization=t")
        self._succeeds("sacctmgr", "-i", "add", "user", pwd.getpwuid(os.geteuid()).pw_name, "Account=test")

    def _succeeds(self, *words: str) -> bool:
        return subprocess.run((*self.within, *words), env={**os.environ, **self.env}, capture_output=True).returncode == 0

    def controller_up(self) -> None:
        """Start the controller."""
        self.start("slurmctld", "slurmctld", "-D", env=self.env)
        wait_for(lambda: self._succeeds("scontrol", "ping"), "the controller")

    def controller_down(self) -> None:
        """Kill the controller without warning; running jobs go on."""
        self.kill("slurmctld")

    def stop(self) -> None:
        """Cancel all jobs, and stop."""
        if "slurmctld" in self.processes:
            self._succeeds("scancel", "-u", pwd.getpwuid(os.geteuid()).pw_name)
            time.sleep(0.5)
        super().stop()


class Sge(_Daemon):
    """Son of Grid Engine with one queue on this machine, started as root. It lives in the folders of its packages: one at a time."""

    ROOT = "/var/lib/gridengine"

    def __init__(self) -> None:
        super().__init__()
        self.env = {"SGE_ROOT": self.ROOT, "SGE_CELL": "default", "SGE_ND": "1"}
        common = Path(self.ROOT) / "default" / "common"
        # Names must match the reverse look-up of 127.0.0.1.
        (common / "act_qmaster").write_text("localhost\n")
        (common / "host_aliases").write_text(f"localhost {socket.gethostname().split('.')[0]}\n")
        for name in ("act_qmaster", "host_aliases"):
            shutil.chown(common / name, "sgeadmin")
        try:
            self.start("qmaster", "sge_qmaster", env=self.env)
            wait_for(lambda: self._ask("qhost"), "qmaster answering")
            self._configure()
            self.start("execd", "sge_execd", env=self.env)
            wait_for(lambda: "lx-amd64" in self._ask("qhost", "-h", "localhost"), "the execution daemon", 60)
            self._ask("qmod", "-c", "main.q")
        except BaseException:
            self.stop()
            raise

    def _ask(self, *words: str, **env: str) -> str:
        done = subprocess.run(words, env={**os.environ, **self.env, **env}, capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else ""

    def _configure(self) -> None:
        """Say what there is; what was said in an earlier run is refused and stands."""
        files = {
            "exechost": "hostname localhost\nload_scaling NONE\ncomplex_values slots=8\nuser_lists NONE\nxuser_lists NONE\nprojects NONE\n"
            "xprojects NONE\nusage_scaling NONE\nreport_variables NONE\n",
            "hgrp": "group_name @allhosts\nhostlist localhost\n",
            "pe": "pe_name smp\nslots 999\nuser_lists NONE\nxuser_lists NONE\nstart_proc_args NONE\nstop_proc_args NONE\n"
            "allocation_rule $pe_slots\ncontrol_slaves FALSE\njob_is_first_task TRUE\nurgency_slots min\naccounting_summary FALSE\nqsort_args NONE\n",
            "edit": "#!/bin/sh\nsed -i -e 's/^qname .*/qname main.q/' -e 's/^hostlist .*/hostlist @allhosts/' -e 's/^slots .*/slots 8/' "
            "-e 's/^pe_list .*/pe_list smp/' -e 's#^shell .*#shell /bin/bash#' -e 's/^shell_start_mode .*/shell_start_mode unix_behavior/' "
            "-e 's/^load_thresholds .*/load_thresholds NONE/' \"$1\"\n",
        }
        for name, text in files.items():
            (self.folder / name).write_text(text)
        (self.folder / "edit").chmod(0o755)
        self._ask("qconf", "-as", "localhost")
        self._ask("qconf", "-ah", "localhost")
        for flag, name in (("-Ae", "exechost"), ("-Ahgrp", "hgrp"), ("-Ap", "pe")):
            self._ask("qconf", flag, str(self.folder / name))
        self._ask("qconf", "-aq", "main.q", EDITOR=str(self.folder / "edit"))
        quick = {"schedule_interval": "0:0:1", "flush_submit_sec": "1", "flush_finish_sec": "1"}
        self._change("-ssconf", "-Msconf", "sconf", quick)
        self._change("-sconf", "-Mconf", "global", {"min_uid": "0", "min_gid": "0"}, ("flush_time=00:00:15", "flush_time=00:00:01"))

    def _change(self, show: str, modify: str, name: str, values: dict[str, str], words: tuple[str, str] = ("", "")) -> None:
        lines = self._ask("qconf", show).replace(*words).splitlines() if words[0] else self._ask("qconf", show).splitlines()
        changed = [f"{line.split()[0]} {values[line.split()[0]]}" if line.split() and line.split()[0] in values else line for line in lines]
        (self.folder / name).write_text("\n".join(changed) + "\n")
        self._ask("qconf", modify, str(self.folder / name))

    def stop(self) -> None:
        """Delete all jobs, and stop; the daemons have forked away, so they are asked to go."""
        self._ask("qdel", "-u", "*")
        for command in (("qconf", "-ke", "localhost"), ("qconf", "-km")):
            self._ask(*command)
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: not self._ask("qhost"), "qmaster leaving", 15)
        super().stop()


@contextlib.contextmanager
def sge() -> Iterator[Sge]:
    """Run Grid Engine."""
    cluster = Sge()
    try:
        yield cluster
    finally:
        cluster.stop()


@contextlib.contextmanager
def sshd(**variables: str) -> Iterator[Sshd]:
    """Run an SSH server; commands find these variables in their environment."""
    server = Sshd(**variables)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def slurm(accounting: bool = True) -> Iterator[Slurm]:
    """Run SLURM."""
    cluster = Slurm(accounting)
    try:
        yield cluster
    finally:
        cluster.stop()
