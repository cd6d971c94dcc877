"""This machine, as if it were another one."""

from __future__ import annotations

import errno
import fnmatch
import os
import pwd
import signal
import subprocess
import threading
from typing import Any, ClassVar

from aiida.common.exceptions import InvalidOperation
from aiida.common.warnings import warn_deprecation
from aiida.transports.copying import LocalMover, LocalSide, copy_any, copy_file, copy_tree, remove_tree, run_now
from aiida.transports.fields import AuthOption
from aiida.transports.paths import quote, text
from aiida.transports.shell import LoginShell
from aiida.transports.transport import BlockingTransport, TransportInternalError, TransportPath
from aiida.transports.util import FileAttribute

__all__ = ("LocalTransport",)

_HERE = (LocalSide(), LocalSide())
_MOVER = LocalMover()


class LocalTransport(BlockingTransport):
    """Run commands and copy files on this machine."""

    DEFAULT_MINIMUM_JOB_POLL_INTERVAL: ClassVar[float] = 0.1
    _DEFAULT_SAFE_OPEN_INTERVAL: ClassVar[float] = 0.0
    _valid_auth_options: ClassVar[list[AuthOption]] = []
    #: `put` of a folder written with a slash at its end merges its content into an existing folder.
    merges_trees: ClassVar[bool] = True
    _thread_count: ClassVar[int] = 4  # nothing here is shared between threads but the working directory, which nobody changes

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._internal_dir: str | None = None
        self._shell: LoginShell | None = None
        self._shell_lock = threading.Lock()
        self._machine = kwargs.get("machine", "localhost")
        if self._machine not in ("localhost", "127.0.0.1", "::1", ""):
            self.logger.debug("machine was passed, but it is not localhost: %s", self._machine)

    def __str__(self) -> str:
        return f"local [{'OPEN' if self._is_open else 'CLOSED'}]"

    def open(self) -> LocalTransport:
        """Begin; relative paths refer to the home folder."""
        if self._is_open:
            raise InvalidOperation("Cannot open the transport twice")
        self._internal_dir = os.path.expanduser("~")
        self._is_open = True
        return self

    def close(self) -> None:
        """End."""
        if not self._is_open:
            raise InvalidOperation("Cannot close the transport: it is already closed")
        self._is_open = False
        shell, self._shell = self._shell, None
        if shell is not None:
            shell.close()

    # --- paths -----------------------------------------------------------------------------------------------------------

    @property
    def curdir(self) -> str:
        """The folder to which relative paths refer."""
        if not self._is_open or self._internal_dir is None:
            raise TransportInternalError("Error, local method called for LocalTransport without opening the channel first")
        return self._internal_dir

    def _path(self, path: TransportPath) -> str:
        """Return the absolute path on this machine; an empty one is refused."""
        given = text(path)
        if not given:
            raise OSError("Directory not given in input")
        return os.path.join(self.curdir, given)

    @staticmethod
    def _absolute(path: TransportPath, name: str) -> str:
        given = text(path)
        if not os.path.isabs(given):
            raise ValueError(f"{name} must be an absolute path: {given!r}")
        return given

    def chdir(self, path: TransportPath) -> None:
        """Change the folder to which relative paths refer."""
        warn_deprecation("`chdir()` is deprecated: use absolute paths.", version=3)
        folder = os.path.normpath(self._path(path))
        if not os.path.isdir(folder):
            raise OSError(f"'{folder}' is not a valid directory")
        self._internal_dir = folder

    def getcwd(self) -> str:
        """Return the folder to which relative paths refer."""
        warn_deprecation("`getcwd()` is deprecated: use absolute paths.", version=3)
        return self.curdir

    def normalize(self, path: TransportPath = ".") -> str:
        """Return the absolute path without dots and links."""
        return os.path.realpath(os.path.join(self.curdir, text(path)))

    # --- looking -----------------------------------------------------------------------------------------------------------

    def get_attribute(self, path: TransportPath) -> FileAttribute:
        """Return what `stat` says."""
        found = os.lstat(self._path(path))
        return FileAttribute({key: getattr(found, key) for key in FileAttribute._valid_fields})

    def isdir(self, path: TransportPath) -> bool:
        """Whether `path` is a folder, or a link to one."""
        return bool(text(path)) and os.path.isdir(self._path(path))

    def isfile(self, path: TransportPath) -> bool:
        """Whether `path` is a file, or a link to one."""
        return bool(text(path)) and os.path.isfile(self._path(path))

    def path_exists(self, path: TransportPath) -> bool:
        """Whether `path` exists."""
        return os.path.exists(os.path.join(self.curdir, text(path)))

    def listdir(self, path: TransportPath = ".", pattern: str | None = None) -> list[str]:
        """Return the names in a folder."""
        names = os.listdir(os.path.join(self.curdir, text(path)))
        return names if not pattern else fnmatch.filter(names, pattern)

    # --- changing ----------------------------------------------------------------------------------------------------------

    def chmod(self, path: TransportPath, mode: int) -> None:
        """Change the mode."""
        os.chmod(self._path(path), mode)

    def mkdir(self, path: TransportPath, ignore_existing: bool = False) -> None:
        """Make a folder."""
        try:
            os.mkdir(self._path(path))
        except FileExistsError:
            if not (ignore_existing and self.isdir(path)):
                raise

    def makedirs(self, path: TransportPath, ignore_existing: bool = False) -> None:
        """Make a folder with its parents."""
        os.makedirs(self._path(path), exist_ok=ignore_existing)

    def remove(self, path: TransportPath) -> None:
        """Remove a file."""
        os.remove(self._path(path))

    def rename(self, oldpath: TransportPath, newpath: TransportPath) -> None:
        """Rename; an existing target is refused."""
        old, new = self._path(oldpath), self._path(newpath)
        if not os.path.lexists(old):
            raise FileNotFoundError(f"Source {old} does not exist")
        if os.path.lexists(new):
            raise FileExistsError(f"Destination {new} already exists.")
        os.rename(old, new)

    def rmdir(self, path: TransportPath) -> None:
        """Remove an empty folder."""
        os.rmdir(self._path(path))

    def rmtree(self, path: TransportPath) -> None:
        """Remove a folder with all in it."""
        remove_tree(self._path(path))

    def symlink(self, remotesource: TransportPath, remotedestination: TransportPath) -> None:
        """Make links at the destination (a folder if the source is a pattern that matches several)."""
        source, target = os.path.normpath(text(remotesource)), os.path.normpath(self._path(remotedestination))
        if not self.has_magic(source):
            os.symlink(source, target)
            return
        matches = self.glob(source)
        if len(matches) > 1 and not os.path.isdir(target):
            raise OSError(f"{source} matches {len(matches)} paths, so the link's place has to be an existing folder: {target}")
        for match in matches:
            os.symlink(match, os.path.join(target, os.path.basename(match)) if os.path.isdir(target) else target)

    # --- copying -----------------------------------------------------------------------------------------------------------

    def copy(
        self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False, recursive: bool = True
    ) -> None:
        """Copy a file, a folder or all matches of a pattern; folders always with their content."""
        source, target = self._path(remotesource), self._path(remotedestination)
        run_now(copy_any(_HERE, _MOVER, source, target, dereference=dereference))

    def copyfile(self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False) -> None:
        """Copy a file; a link as a link unless `dereference`."""
        source, target = self._path(remotesource), self._path(remotedestination)
        run_now(copy_file(_HERE, _MOVER, source, target, dereference=dereference))

    def copytree(self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False) -> None:
        """Copy a folder."""
        source, target = self._path(remotesource), self._path(remotedestination)
        run_now(copy_tree(_HERE, _MOVER, source, target, dereference=dereference))

    def put(self, localpath: TransportPath, remotepath: TransportPath, *args: Any, **kwargs: Any) -> None:
        """Copy a file, a folder or all matches of a pattern."""
        source = self._absolute(localpath, "localpath")
        run_now(copy_any(_HERE, _MOVER, source, self._path(remotepath), **_options(kwargs)))

    def putfile(self, localpath: TransportPath, remotepath: TransportPath, *args: Any, **kwargs: Any) -> None:
        """Copy a file."""
        source = self._absolute(localpath, "localpath")
        run_now(copy_file(_HERE, _MOVER, source, self._path(remotepath), **_options(kwargs, single=True)))

    def puttree(self, localpath: TransportPath, remotepath: TransportPath, *args: Any, **kwargs: Any) -> None:
        """Copy a folder."""
        source = self._absolute(localpath, "localpath")
        run_now(copy_tree(_HERE, _MOVER, source, self._path(remotepath), **_options(kwargs, single=True)))

    def get(self, remotepath: TransportPath, localpath: TransportPath, *args: Any, **kwargs: Any) -> None:
        """Copy a file, a folder or all matches of a pattern."""
        target = self._absolute(localpath, "localpath")
        run_now(copy_any(_HERE, _MOVER, self._path(remotepath), target, **_options(kwargs)))

    def getfile(self, remotepath: TransportPath, localpath: TransportPath, *args: Any, **kwargs: Any) -> None:
        """Copy a file."""
        target = self._absolute(localpath, "localpath")
        run_now(copy_file(_HERE, _MOVER, self._path(remotepath), target, **_options(kwargs, single=True)))

    def gettree(self, remotepath: TransportPath, localpath: TransportPath, *args: Any, **kwargs: Any) -> None:
        """Copy a folder."""
        target = self._absolute(localpath, "localpath")
        run_now(copy_tree(_HERE, _MOVER, self._path(remotepath), target, **_options(kwargs, single=True)))

    # --- commands ----------------------------------------------------------------------------------------------------------

    def _exec_command_internal(
        self, command: str, workdir: TransportPath | None = None, **kwargs: Any
    ) -> subprocess.Popen[bytes]:
        """Start a command in bash, in a session of its own, so that stopping us does not stop it."""
        shell = ["bash", "-l", "-c", command] if self._use_login_shell else ["bash", "-c", command]
        return subprocess.Popen(
            shell,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.curdir if workdir is None else self._path(workdir),
            start_new_session=True,
        )

    def exec_command_wait_bytes(
        self, command: str, stdin: Any = None, workdir: TransportPath | None = None, timeout: float | None = None, **kwargs: Any
    ) -> tuple[int, bytes, bytes]:
        """Run a command; `stdin` is text, bytes or an open file."""
        fed = stdin.read() if hasattr(stdin, "read") else stdin
        data: bytes = (fed.encode() if isinstance(fed, str) else fed) or b""
        folder = self.curdir if workdir is None else self._path(workdir)
        if not os.path.isdir(folder):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), folder)
        if self._use_login_shell and timeout is None:
            return self._login_shell().run(command, data, folder)
        process = self._exec_command_internal(command, workdir)
        try:
            out, err = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise TimeoutError(f"the command took longer than {timeout} s and was killed: {command}") from None
        return process.returncode, out, err

    def _login_shell(self) -> LoginShell:
        with self._shell_lock:
            if self._shell is None or not self._shell.is_alive:
                self._shell = LoginShell(self.curdir)
            return self._shell

    def whoami(self) -> str:
        """Return the user of this process."""
        return pwd.getpwuid(os.geteuid()).pw_name

    def gotocomputer_command(self, remotedir: TransportPath | None = None) -> str:
        """Return the command line that opens a shell, in `remotedir` if given."""
        return f"bash -c {quote(self._gotocomputer_string(remotedir).strip())}" if remotedir else "bash -l"


def _options(given: dict[str, Any], *, single: bool = False) -> dict[str, Any]:
    """Return the copying options among the keywords of put and get; `callback` and `preserve` mean nothing here."""
    names = ("overwrite", "dereference") if single else ("overwrite", "dereference", "ignore_nonexisting")
    unknown = set(given) - {"overwrite", "dereference", "ignore_nonexisting", "callback", "preserve"}
    if unknown:
        raise ValueError(f"unknown options for copying: {', '.join(sorted(unknown))}")
    return {name: given[name] for name in names if name in given}
