"""SSH with a blocking face and the settings that existing computers have stored, on the same connection as `core.ssh_async`.

Plugins and scripts know this class as a blocking transport; the engine awaits, and is handed the awaitable face without a thread
in between. Settings are those of the library that was used before; each is translated once, in `connect_options`.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections.abc import Callable
from typing import Any, ClassVar

import asyncssh

from aiida.common.warnings import warn_deprecation
from aiida.transports.errors import Refused
from aiida.transports.fields import AuthOption, field
from aiida.transports.loop import block_on
from aiida.transports.paths import quote, text
from aiida.transports.plugins.asyncssh_backend import MOST_CHANNELS, AsyncSshFiles
from aiida.transports.plugins.ssh_async import AsyncSshTransport
from aiida.transports.remote_files import RemoteFiles
from aiida.transports.transport import BlockingTransport, TransportInternalError, TransportPath
from aiida.transports.util import FileAttribute

__all__ = ("SshTransport", "convert_to_bool", "parse_sshconfig")


def parse_sshconfig(computername: str) -> dict[str, Any]:
    """Return what `~/.ssh/config` says about a host, with lower-case keys."""
    path = os.path.expanduser("~/.ssh/config")
    found: dict[str, Any] = {}
    active = True
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as handle:
        for line in handle:
            words = line.strip().replace("=", " ", 1).split(None, 1)
            if len(words) != 2 or words[0].startswith("#"):
                continue
            key, value = words[0].lower(), words[1].strip().strip('"')
            if key == "host":
                active = _matches(computername, value.split())
            elif key == "match":
                active = False
            elif active and key == "identityfile":
                found.setdefault(key, []).append(os.path.expanduser(value))
            elif active:
                found.setdefault(key, value)
    found.setdefault("hostname", computername)
    return found


def _matches(name: str, patterns: list[str]) -> bool:
    denied = any(fnmatch.fnmatch(name, pattern[1:]) for pattern in patterns if pattern.startswith("!"))
    return not denied and any(fnmatch.fnmatch(name, pattern) for pattern in patterns if not pattern.startswith("!"))


def convert_to_bool(string: str) -> bool:
    """Return the truth value that a text or a number means."""
    upper = str(string).upper()
    if upper in ("Y", "YES", "T", "TRUE"):
        return True
    if upper in ("N", "NO", "F", "FALSE"):
        return False
    raise ValueError("Invalid boolean value provided")


class _KnownHosts(AsyncSshFiles):
    """A connection that may take the key of a host that it has never seen; a key that changed is refused always."""

    def __init__(self, host: str, options: dict[str, Any], *, channels: int, policy: str) -> None:
        super().__init__(host, options, channels=channels)
        self._policy = policy

    async def open(self) -> None:
        """Connect; on the policies that allow it, learn the key of a new host first."""
        try:
            await super().open()
        except Refused as refusal:
            new_host = isinstance(refusal.__cause__, asyncssh.HostKeyNotVerifiable) and not self._is_listed()
            if self._policy == "RejectPolicy" or not new_host:
                raise
            await self._learn()
            await super().open()

    def _is_listed(self) -> bool:
        port = self._options.get("port") or 22
        with contextlib.suppress(OSError, ValueError, asyncssh.Error):
            known = asyncssh.read_known_hosts(os.path.expanduser("~/.ssh/known_hosts"))
            keys = asyncssh.match_known_hosts(known, self._host, self._host, port)
            return bool(keys[0])
        return False

    async def _learn(self) -> None:
        options = {key: self._options[key] for key in ("port", "tunnel", "proxy_command", "config") if key in self._options}
        key = await asyncssh.get_server_host_key(self._host, **options)
        if key is None:
            raise Refused(f"{self._host} shows no host key")
        self._options["known_hosts"] = ([key], [], [])


class SshTransport(BlockingTransport):
    """Support connection, command execution and data transfer to remote computers via SSH+SFTP."""

    merges_trees: ClassVar[bool] = True
    shares_connection: ClassVar[bool] = True

    _valid_auth_options: ClassVar[list[AuthOption]] = [
        field("username", "User name", "Login user name on the remote machine."),
        field("port", "Port number", "Port of the SSH server.", type=int),
        field("look_for_keys", "Look for keys", "Use the private keys of the folder ~/.ssh.", default=True, switch=True),
        field("key_filename", "SSH key file", "Absolute path of your private key; empty: as in the SSH config.", type=str),
        field("timeout", "Connection timeout in s", "Seconds to wait for a connection.", type=int),
        field("allow_agent", "Allow ssh agent", "Use the keys of an SSH agent.", default=False, switch=True),
        field("proxy_jump", "SSH proxy jump", "Hosts to go through, as in `ssh -J`: [user@]host[:port], divided by commas."),
        field("proxy_command", "SSH proxy command", "A command whose input and output are the connection. Prefer the proxy jump."),
        field("compress", "Compress file transfers", "Compress what is sent.", default=True, switch=True),
        field("gss_auth", "GSS auth", "Log in with a Kerberos ticket.", type=bool, default=False),
        field("gss_kex", "GSS kex", "Exchange keys by Kerberos.", type=bool, default=False),
        field("gss_deleg_creds", "GSS deleg_creds", "Delegate the Kerberos credentials.", type=bool, default=False),
        field("gss_host", "GSS host", "Name of the host for Kerberos."),
        field("load_system_host_keys", "Load system host keys", "Trust the keys in ~/.ssh/known_hosts.", default=True, switch=True),
        field("key_policy", "Key policy", "What to do about a host that is not known.", default="RejectPolicy",
              choices=("RejectPolicy", "WarningPolicy", "AutoAddPolicy")),
    ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._machine: str = kwargs.pop("machine")
        self._connect_args = {name: kwargs[name] for name, _ in self._valid_auth_options if name in kwargs}
        self._config_file: str | None = kwargs.get("ssh_config")
        self._cwd: str | None = None
        self._inner = _Inner(self, machine=self._machine, use_login_shell=self._use_login_shell)

    def __str__(self) -> str:
        user = self._connect_args.get("username")
        port = self._connect_args.get("port")
        where = f"{user}@" if user else ""
        where += self._machine + (f":{port}" if port else "")
        return f"{'OPEN' if self.is_open else 'CLOSED'} [{where}]"

    def connect_options(self) -> dict[str, Any]:
        """Return the settings in asyncssh's words."""
        given = {key: value for key, value in self._connect_args.items() if value not in (None, "", "None")}
        options: dict[str, Any] = {}
        for ours, theirs in _SAME.items():
            if ours in given:
                options[theirs] = given[ours]
        if self._config_file is not None:
            options["config"] = [self._config_file]
        if "key_filename" in given:
            options["client_keys"] = [given["key_filename"]]
        elif given.get("look_for_keys") is False and self._config_file is None:
            options["client_keys"] = []
        if not given.get("allow_agent", False):
            options["agent_path"] = None
        if given.get("load_system_host_keys") is False:
            options["known_hosts"] = ([], [], [])
        if given.get("compress", True):
            options["compression_algs"] = ["zlib@openssh.com", "none"]
        if "timeout" in given:
            options["connect_timeout"] = given["timeout"]
        return options

    @property
    def policy(self) -> str:
        """What to do about a host that is not known."""
        return str(self._connect_args.get("key_policy") or "RejectPolicy")

    @property
    def is_open(self) -> bool:
        """Whether the connection is open; one that broke is not."""
        return self._inner.is_open

    def open(self) -> SshTransport:
        """Connect."""
        self._block("open")
        return self

    def close(self) -> None:
        """Disconnect."""
        self._block("close")

    def _block(self, name: str, *args: Any, **kwargs: Any) -> Any:
        loop = None if name == "open" else self._inner._loop
        return block_on(getattr(self._inner, f"{name}_async")(*args, **kwargs), loop)

    # --- what scripts ask of the old library's objects --------------------------------------------------------------------------

    @property
    def sshclient(self) -> Any:
        """The connection object (asyncssh)."""
        return self._backend()._live()

    @property
    def sftp(self) -> Any:
        """The SFTP session (asyncssh)."""
        return block_on(self._backend()._session(), self._inner._loop)

    def _backend(self) -> AsyncSshFiles:
        backend = self._inner._commands
        if not isinstance(backend, AsyncSshFiles):
            raise TransportInternalError("Error, ssh method called for SshTransport without opening the channel first")
        return backend

    def chdir(self, path: TransportPath) -> None:
        """Change the folder to which relative paths refer."""
        warn_deprecation("`chdir()` is deprecated: use absolute paths.", version=3)
        folder = self.normalize(path)
        if not self.isdir(folder):
            raise OSError(f"'{folder}' is not a valid directory")
        self._cwd = folder

    def getcwd(self) -> str:
        """Return the folder to which relative paths refer."""
        warn_deprecation("`getcwd()` is deprecated: use absolute paths.", version=3)
        return self._cwd or ""

    def stat(self, path: TransportPath) -> FileAttribute:
        """Return what `stat` says, links followed."""
        found = block_on(self._inner._remote().attributes(self._path(path), follow=True), self._inner._loop)
        if found is None:
            raise FileNotFoundError(2, "No such file or directory", text(path))
        return found

    def lstat(self, path: TransportPath) -> FileAttribute:
        """Return what `stat` says of the path itself."""
        return self.get_attribute(path)

    def _path(self, path: TransportPath) -> str:
        given = text(path)
        return os.path.join(self._cwd, given) if self._cwd and given else given

    # --- commands -----------------------------------------------------------------------------------------------------------------

    def _exec_command_internal(self, command: str, workdir: TransportPath | None = None, **kwargs: Any) -> Any:
        return self.exec_command_wait_bytes(command, workdir=workdir, **kwargs)

    def exec_command_wait_bytes(  # type: ignore[override]  # the signature that scripts know
        self, command: str, stdin: Any = None, combine_stderr: bool = False, bufsize: int = -1, timeout: float = 0.01,
        workdir: TransportPath | None = None,
    ) -> tuple[int, bytes, bytes]:  # fmt: skip
        """Run a command. (`bufsize` and `timeout` belonged to the loop of another library and mean nothing here.)"""
        fed = stdin.read() if hasattr(stdin, "read") else stdin
        data = fed.decode("latin-1") if isinstance(fed, bytes) else (fed or "").encode().decode("latin-1")
        folder = workdir if workdir is not None else self._cwd
        line = f"( {command}\n) 2>&1" if combine_stderr else command
        status, out, err = self._block("exec_command_wait", line, stdin=data, encoding="latin-1", workdir=folder)
        return status, out.encode("latin-1"), err.encode("latin-1")

    def gotocomputer_command(self, remotedir: TransportPath | None = None) -> str:
        """Return the command line that opens a shell there."""
        words = ["ssh", "-t", quote(self._machine)]
        for key, flag in (("username", "-l"), ("port", "-p"), ("key_filename", "-i"), ("proxy_jump", "-J")):
            if self._connect_args.get(key):
                words += [flag, quote(str(self._connect_args[key]))]
        if self._connect_args.get("proxy_command"):
            words += ["-o", quote(f"ProxyCommand={self._connect_args['proxy_command']}")]
        return f"{' '.join(words)} {quote(self._gotocomputer_string(remotedir).strip())}"


def _plain(name: str, *paths: int) -> Callable[..., Any]:
    """Return the blocking face of an operation of the inner transport; `paths` are the arguments that are remote paths."""

    def face(self: SshTransport, *args: Any, **kwargs: Any) -> Any:
        moved = [self._path(value) if index in paths else value for index, value in enumerate(args)]
        for key in ("path", "remotepath", "remotesource", "remotedestination", "oldpath", "newpath", "pathname"):
            if key in kwargs and self._cwd:
                kwargs[key] = self._path(kwargs[key])
        return self._block(name, *moved, **kwargs)

    face.__name__ = face.__qualname__ = name
    face.__doc__ = getattr(AsyncSshTransport, f"{name}_async").__doc__
    return face


def _awaited(name: str) -> Callable[..., Any]:
    async def face(self: SshTransport, *args: Any, **kwargs: Any) -> Any:
        return await getattr(self._inner, f"{name}_async")(*args, **kwargs)

    face.__name__ = face.__qualname__ = f"{name}_async"
    return face


#: operation -> positions of its remote paths.
_FACES: dict[str, tuple[int, ...]] = {
    "chmod": (0,), "copy": (0, 1), "copyfile": (0, 1), "copytree": (0, 1), "get": (0,), "get_attribute": (0,), "get_mode": (0,),
    "getfile": (0,), "gettree": (0,), "glob": (0,), "isdir": (0,), "isfile": (0,), "listdir": (0,), "listdir_withattributes": (0,),
    "makedirs": (0,), "mkdir": (0,), "normalize": (0,), "path_exists": (0,), "put": (1,), "putfile": (1,), "puttree": (1,),
    "remove": (0,), "rename": (0, 1), "rmdir": (0,), "rmtree": (0,), "symlink": (0, 1), "compress": (), "extract": (), "whoami": (),
    "chown": (0,),
}  # fmt: skip

for _name, _paths in _FACES.items():
    setattr(SshTransport, _name, _plain(_name, *_paths))
for _name in (*_FACES, "open", "close", "exec_command_wait", "copy_from_remote_to_remote"):
    setattr(SshTransport, f"{_name}_async", _awaited(_name))
# The abstract names have been filled in after the class was made: tell the machinery.
SshTransport.__abstractmethods__ = frozenset()

#: settings that have the same meaning under another name.
_SAME = {
    "username": "username",
    "port": "port",
    "proxy_jump": "tunnel",
    "proxy_command": "proxy_command",
    "gss_auth": "gss_auth",
    "gss_kex": "gss_kex",
    "gss_deleg_creds": "gss_delegate_creds",
    "gss_host": "gss_host",
}


class _Inner(AsyncSshTransport):
    """The awaitable transport inside, with the outer one's settings."""

    def __init__(self, outer: SshTransport, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._outer = outer

    def _make_backend(self, host: str) -> RemoteFiles:
        return _KnownHosts(
            host, self._outer.connect_options(), channels=min(self._max_io_allowed, MOST_CHANNELS), policy=self._outer.policy
        )
