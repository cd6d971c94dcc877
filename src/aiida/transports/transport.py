"""The interface that transport plugins subclass: files and commands on another machine, in a blocking and an awaitable face.

A plugin writes one of the two faces: the blocking one on `BlockingTransport`, whose `*_async` methods run it in a thread of its own,
or the awaitable one on `AsyncTransport`, whose plain methods block on the loop on which the connection lives. Both derivations stand
here once, as tables. The engine awaits; users' scripts and monitors block.
"""

from __future__ import annotations

import abc
import asyncio
import logging
import os
import stat
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from aiida.common.exceptions import InternalError
from aiida.common.lang import classproperty
from aiida.common.warnings import warn_deprecation
from aiida.transports import archiving

from .fields import AuthOption, field, validate_positive_number
from .loop import block_on
from .paths import has_magic, iterate_glob, match_names, quote, text
from .util import FileAttribute

__all__ = ("AsyncTransport", "BlockingTransport", "Transport", "TransportInternalError", "TransportPath")

TransportPath = str | Path | PurePosixPath

T = TypeVar("T")


class TransportInternalError(InternalError):
    """A transport was used in a way that it does not allow, for example while closed."""


class Transport(abc.ABC):
    """Another machine, or this one, seen through files and commands."""

    DEFAULT_MINIMUM_JOB_POLL_INTERVAL: ClassVar[float] = 10.0
    #: all workers of a machine use one connection per login (see `shared.py`); a transport without one leaves this.
    shares_connection: ClassVar[bool] = False

    #: settings of a plugin, as data (see `fields.py`), and those that all have.
    _valid_auth_options: ClassVar[list[AuthOption]] = []
    _DEFAULT_SAFE_OPEN_INTERVAL: ClassVar[float] = 15.0
    _common_auth_options: ClassVar[list[AuthOption]] = [
        field(
            "use_login_shell",
            "Use login shell when executing command",
            "Run commands in a login shell, so that profile files are read first. Without it, spurious output of those files "
            "cannot disturb, but what they set (paths, modules) is missing.",
            default=True,
            switch=True,
        ),
        field(
            "safe_interval",
            "Connection cooldown time (s)",
            "Minimum time in seconds between two openings of a connection.",
            type=float,
            callback=validate_positive_number,
        ),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._safe_open_interval: float = kwargs.pop("safe_interval", self._DEFAULT_SAFE_OPEN_INTERVAL)
        self._use_login_shell: bool = kwargs.pop("use_login_shell", True)
        self._bash_command_str = "bash -l " if self._use_login_shell else "bash "
        self._logger = logging.getLogger(f"aiida.transport.{type(self).__name__}")
        self._logger_extra: dict[str, Any] | None = None
        self._is_open = False
        self._enters = 0
        self.hostname: str = kwargs.get("machine", "")

    # --- opening and closing ---------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether the connection is open."""
        return self._is_open

    def __enter__(self) -> Self:
        if self._track_enter():
            try:
                self.open()
            except BaseException:
                self._track_exit()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._track_exit():
            self.close()

    async def __aenter__(self) -> Self:
        if self._track_enter():
            try:
                await self.open_async()
            except BaseException:
                self._track_exit()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._track_exit():
            await self.close_async()

    def _track_enter(self) -> bool:
        """Count one more user of the context; True if this one has to open."""
        self._enters += 1
        return self._enters == 1 and not self.is_open

    def _track_exit(self) -> bool:
        """Count one user less; True if this one, the last, has to close."""
        self._enters = max(0, self._enters - 1)
        return self._enters == 0 and self.is_open

    @abc.abstractmethod
    def open(self) -> Any:
        """Open the connection."""

    @abc.abstractmethod
    def close(self) -> Any:
        """Close the connection."""

    @abc.abstractmethod
    def __str__(self) -> str:
        """Return a short text for people."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    # --- settings ----------------------------------------------------------------------------------------------------

    @classproperty
    def auth_options(cls) -> OrderedDict[str, dict[str, Any]]:
        """The settings by name: the plugin's own, then the common ones with the plugin's own defaults."""
        options = OrderedDict((name, dict(spec)) for name, spec in [*cls._valid_auth_options, *cls._common_auth_options])
        if "safe_interval" in options:
            options["safe_interval"].setdefault("default", cls._DEFAULT_SAFE_OPEN_INTERVAL)
        return options

    @classmethod
    def get_valid_auth_params(cls) -> list[str]:
        """Return the names of the settings."""
        return list(cls.auth_options)

    @classmethod
    def get_short_doc(cls) -> str:
        """Return the first line of the class's documentation."""
        lines = [line for line in (cls.__doc__ or "").splitlines() if line.strip()]
        return lines[0].strip() if lines else "No documentation available"

    @classmethod
    def _get_safe_interval_suggestion_string(cls, computer: Any) -> float:
        """Return the suggested opening interval."""
        return cls._DEFAULT_SAFE_OPEN_INTERVAL

    @classmethod
    def _get_use_login_shell_suggestion_string(cls, computer: Any) -> str:
        """Return the suggestion for the login shell."""
        return "True"

    def get_safe_open_interval(self) -> float:
        """Return the minimum number of seconds between two openings."""
        return self._safe_open_interval

    def set_logger_extra(self, logger_extra: dict[str, Any] | None) -> None:
        """Set what every log record of this transport carries."""
        self._logger_extra = logger_extra

    @property
    def logger(self) -> logging.Logger | logging.LoggerAdapter[logging.Logger]:
        """The logger, with the extra of `set_logger_extra` if there is one."""
        return logging.LoggerAdapter(self._logger, self._logger_extra) if self._logger_extra else self._logger

    # --- commands ------------------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def _exec_command_internal(self, command: str, workdir: TransportPath | None = None, **kwargs: Any) -> Any:
        """Start `command`; what is returned is the plugin's own business."""

    @abc.abstractmethod
    def exec_command_wait_bytes(
        self, command: str, stdin: Any = None, workdir: TransportPath | None = None, **kwargs: Any
    ) -> tuple[int, bytes, bytes]:
        """Run `command` in a shell, feed it `stdin`, and return exit status, output and error output as bytes."""

    def exec_command_wait(
        self, command: str, stdin: Any = None, encoding: str = "utf-8", workdir: TransportPath | None = None, **kwargs: Any
    ) -> tuple[int, str, str]:
        """Run `command` in a shell and return exit status, output and error output as text."""
        status, out, err = self.exec_command_wait_bytes(command=command, stdin=stdin, workdir=workdir, **kwargs)
        return status, out.decode(encoding), err.decode(encoding)

    def whoami(self) -> str:
        """Return the name of the user on the machine."""
        return _expect_user(self, *self.exec_command_wait("whoami"))

    @abc.abstractmethod
    def gotocomputer_command(self, remotedir: TransportPath | None = None) -> str:
        """Return the command line that opens a shell on the machine, in `remotedir` if given."""

    def _gotocomputer_string(self, remotedir: TransportPath | None = None) -> str:
        """Return the word with which a remote bash changes to `remotedir` and becomes interactive."""
        if remotedir is None:
            return f" bash -c {self._bash_command_str}"
        folder = quote(text(remotedir))
        script = (
            f"if [ -d {folder} ] ; then cd {folder} ; {self._bash_command_str} ; "
            f"else echo '  ** The directory' ; echo '  ** '{folder} ; echo '  ** seems to have been deleted, I logout...' ; fi"
        )
        return f" bash -c {quote(script)} "

    # --- files: to be written by plugins -------------------------------------------------------------------------------

    @abc.abstractmethod
    def chmod(self, path: TransportPath, mode: int) -> Any:
        """Change the mode of `path`."""

    def chown(self, path: TransportPath, uid: int, gid: int) -> Any:
        """Change owner and group of `path`; few transports can."""
        raise NotImplementedError("chown is not implemented for this transport.")

    @abc.abstractmethod
    def copy(
        self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False, recursive: bool = True
    ) -> Any:
        """Copy a file or a folder (or what a pattern matches) from one place of the machine to another."""

    @abc.abstractmethod
    def copyfile(self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False) -> Any:
        """Copy a file from one place of the machine to another."""

    @abc.abstractmethod
    def copytree(self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False) -> Any:
        """Copy a folder from one place of the machine to another."""

    def copy_from_remote_to_remote(
        self, transportdestination: Transport, remotesource: TransportPath, remotedestination: TransportPath, **kwargs: Any
    ) -> None:
        """Copy from this machine to the one of `transportdestination`, over a temporary folder here."""
        kwargs_get, kwargs_put = _split_remote_copy(kwargs)
        with tempfile.TemporaryDirectory(prefix="aiida-copy-") as folder:
            self.get(remotesource, folder, **kwargs_get)
            for name in sorted(os.listdir(folder)):
                transportdestination.put(os.path.join(folder, name), remotedestination, **kwargs_put)

    @abc.abstractmethod
    def get_attribute(self, path: TransportPath) -> FileAttribute:
        """Return what `stat` says."""

    def get_mode(self, path: TransportPath) -> int:
        """Return the permission bits of `path`."""
        return stat.S_IMODE(self.get_attribute(path).st_mode)

    @abc.abstractmethod
    def isdir(self, path: TransportPath) -> bool:
        """Whether `path` is a folder, or a link to one."""

    @abc.abstractmethod
    def isfile(self, path: TransportPath) -> bool:
        """Whether `path` is a file, or a link to one."""

    @abc.abstractmethod
    def listdir(self, path: TransportPath = ".", pattern: str | None = None) -> list[str]:
        """Return the names in a folder, those that match `pattern` if given."""

    def listdir_withattributes(self, path: TransportPath = ".", pattern: str | None = None) -> list[dict[str, Any]]:
        """Return name, attributes and whether it is a folder, for each entry of a folder."""
        base = text(path)
        entries = []
        for name in self.listdir(path, pattern):
            full = os.path.join(base, name)
            entries.append({"name": name, "attributes": self.get_attribute(full), "isdir": self.isdir(full)})
        return entries

    @abc.abstractmethod
    def makedirs(self, path: TransportPath, ignore_existing: bool = False) -> Any:
        """Make a folder with all its parents."""

    @abc.abstractmethod
    def mkdir(self, path: TransportPath, ignore_existing: bool = False) -> Any:
        """Make a folder."""

    @abc.abstractmethod
    def normalize(self, path: TransportPath = ".") -> str:
        """Return `path` made absolute, without dots and links."""

    @abc.abstractmethod
    def path_exists(self, path: TransportPath) -> bool:
        """Whether `path` exists."""

    @abc.abstractmethod
    def remove(self, path: TransportPath) -> Any:
        """Remove a file."""

    @abc.abstractmethod
    def rename(self, oldpath: TransportPath, newpath: TransportPath) -> Any:
        """Rename a file or a folder."""

    @abc.abstractmethod
    def rmdir(self, path: TransportPath) -> Any:
        """Remove an empty folder."""

    @abc.abstractmethod
    def rmtree(self, path: TransportPath) -> Any:
        """Remove a folder with all that is in it."""

    @abc.abstractmethod
    def symlink(self, remotesource: TransportPath, remotedestination: TransportPath) -> Any:
        """Make `remotedestination` a symbolic link to `remotesource`."""

    @abc.abstractmethod
    def put(self, localpath: TransportPath, remotepath: TransportPath, *args: Any, **kwargs: Any) -> Any:
        """Copy a local file or folder (or what a pattern matches) to the machine."""

    @abc.abstractmethod
    def putfile(self, localpath: TransportPath, remotepath: TransportPath, *args: Any, **kwargs: Any) -> Any:
        """Copy a local file to the machine."""

    @abc.abstractmethod
    def puttree(self, localpath: TransportPath, remotepath: TransportPath, *args: Any, **kwargs: Any) -> Any:
        """Copy a local folder to the machine."""

    @abc.abstractmethod
    def get(self, remotepath: TransportPath, localpath: TransportPath, *args: Any, **kwargs: Any) -> Any:
        """Copy a file or folder (or what a pattern matches) of the machine here."""

    @abc.abstractmethod
    def getfile(self, remotepath: TransportPath, localpath: TransportPath, *args: Any, **kwargs: Any) -> Any:
        """Copy a file of the machine here."""

    @abc.abstractmethod
    def gettree(self, remotepath: TransportPath, localpath: TransportPath, *args: Any, **kwargs: Any) -> Any:
        """Copy a folder of the machine here."""

    @abc.abstractmethod
    def compress(
        self,
        format: str,
        remotesources: TransportPath | list[TransportPath],
        remotedestination: TransportPath,
        root_dir: TransportPath,
        overwrite: bool = True,
        dereference: bool = False,
    ) -> Any:
        """Pack files of the machine into an archive there, with names relative to `root_dir`."""

    @abc.abstractmethod
    def extract(
        self, remotesource: TransportPath, remotedestination: TransportPath, overwrite: bool = True, strip_components: int = 0
    ) -> Any:
        """Unpack an archive of the machine there."""

    # --- wild cards ------------------------------------------------------------------------------------------------------

    def glob(self, pathname: TransportPath) -> list[str]:
        """Return the paths that match a pattern."""
        return list(self.iglob(pathname))

    def iglob(self, pathname: TransportPath) -> Iterator[str]:
        """Yield the paths that match a pattern."""
        return iterate_glob(text(pathname), self.listdir, self.path_exists)

    def glob0(self, dirname: TransportPath, basename: TransportPath) -> list[str]:
        """Return `[basename]` if it exists in `dirname`."""
        name = text(basename)
        exists = self.isdir(dirname) if not name else self.path_exists(os.path.join(text(dirname), name))
        return [name] if exists else []

    def glob1(self, dirname: TransportPath, pattern: TransportPath) -> list[str]:
        """Return the names in `dirname` that match `pattern`."""
        try:
            return match_names(self.listdir(text(dirname) or "."), text(pattern))
        except OSError:
            return []

    @staticmethod
    def has_magic(string: str) -> bool:
        """Whether a text contains a wild card."""
        return has_magic(string)

    # --- working directory: a relic, kept for plugins ------------------------------------------------------------------

    def getcwd(self) -> str:
        """Return the folder to which relative paths refer."""
        warn_deprecation("`getcwd()` is deprecated: use absolute paths.", version=3)
        return ""

    # --- the awaitable face -----------------------------------------------------------------------------------------------

    @abc.abstractmethod
    async def open_async(self) -> Any: ...

    @abc.abstractmethod
    async def close_async(self) -> Any: ...

    @abc.abstractmethod
    async def chmod_async(self, path: TransportPath, mode: int) -> Any: ...

    async def chown_async(self, path: TransportPath, uid: int, gid: int) -> Any:
        """Change owner and group of `path`; few transports can."""
        raise NotImplementedError("chown is not implemented for this transport.")

    @abc.abstractmethod
    async def compress_async(
        self,
        format: str,
        remotesources: TransportPath | list[TransportPath],
        remotedestination: TransportPath,
        root_dir: TransportPath,
        overwrite: bool = True,
        dereference: bool = False,
    ) -> Any: ...

    @abc.abstractmethod
    async def copy_async(
        self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False, recursive: bool = True
    ) -> Any: ...

    @abc.abstractmethod
    async def copy_from_remote_to_remote_async(
        self, transportdestination: Transport, remotesource: TransportPath, remotedestination: TransportPath, **kwargs: Any
    ) -> Any: ...

    @abc.abstractmethod
    async def copyfile_async(
        self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False
    ) -> Any: ...

    @abc.abstractmethod
    async def copytree_async(
        self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False
    ) -> Any: ...

    @abc.abstractmethod
    async def exec_command_wait_async(
        self,
        command: str,
        stdin: str | None = None,
        encoding: str = "utf-8",
        workdir: TransportPath | None = None,
        **kwargs: Any,
    ) -> tuple[int, str, str]: ...

    @abc.abstractmethod
    async def extract_async(
        self, remotesource: TransportPath, remotedestination: TransportPath, overwrite: bool = True, strip_components: int = 0
    ) -> Any: ...

    @abc.abstractmethod
    async def get_async(self, remotepath: TransportPath, localpath: TransportPath, *args: Any, **kwargs: Any) -> Any: ...

    @abc.abstractmethod
    async def get_attribute_async(self, path: TransportPath) -> FileAttribute: ...

    async def get_mode_async(self, path: TransportPath) -> int:
        """Return the permission bits of `path`."""
        return stat.S_IMODE((await self.get_attribute_async(path)).st_mode)

    @abc.abstractmethod
    async def getfile_async(self, remotepath: TransportPath, localpath: TransportPath, *args: Any, **kwargs: Any) -> Any: ...

    @abc.abstractmethod
    async def gettree_async(self, remotepath: TransportPath, localpath: TransportPath, *args: Any, **kwargs: Any) -> Any: ...

    @abc.abstractmethod
    async def glob_async(self, pathname: TransportPath) -> list[str]: ...

    @abc.abstractmethod
    async def isdir_async(self, path: TransportPath) -> bool: ...

    @abc.abstractmethod
    async def isfile_async(self, path: TransportPath) -> bool: ...

    @abc.abstractmethod
    async def listdir_async(self, path: TransportPath, pattern: str | None = None) -> list[str]: ...

    @abc.abstractmethod
    async def listdir_withattributes_async(
        self, path: TransportPath, pattern: str | None = None
    ) -> list[dict[str, Any]]: ...

    @abc.abstractmethod
    async def makedirs_async(self, path: TransportPath, ignore_existing: bool = False) -> Any: ...

    @abc.abstractmethod
    async def mkdir_async(self, path: TransportPath, ignore_existing: bool = False) -> Any: ...

    @abc.abstractmethod
    async def normalize_async(self, path: TransportPath) -> str: ...

    @abc.abstractmethod
    async def path_exists_async(self, path: TransportPath) -> bool: ...

    @abc.abstractmethod
    async def put_async(self, localpath: TransportPath, remotepath: TransportPath, *args: Any, **kwargs: Any) -> Any: ...

    @abc.abstractmethod
    async def putfile_async(self, localpath: TransportPath, remotepath: TransportPath, *args: Any, **kwargs: Any) -> Any: ...

    @abc.abstractmethod
    async def puttree_async(self, localpath: TransportPath, remotepath: TransportPath, *args: Any, **kwargs: Any) -> Any: ...

    @abc.abstractmethod
    async def remove_async(self, path: TransportPath) -> Any: ...

    @abc.abstractmethod
    async def rename_async(self, oldpath: TransportPath, newpath: TransportPath) -> Any: ...

    @abc.abstractmethod
    async def rmdir_async(self, path: TransportPath) -> Any: ...

    @abc.abstractmethod
    async def rmtree_async(self, path: TransportPath) -> Any: ...

    @abc.abstractmethod
    async def symlink_async(self, remotesource: TransportPath, remotedestination: TransportPath) -> Any: ...

    @abc.abstractmethod
    async def whoami_async(self) -> str: ...


def _expect_user(transport: Transport, status: int, out: str, err: str) -> str:
    if status != 0:
        raise OSError(f"`whoami` failed on {transport} with exit status {status}: {err.strip() or out.strip()}")
    return out.strip()


def _split_remote_copy(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the options of a copy between machines into those of the getting and those of the putting half."""
    unknown = set(options) - {"dereference", "overwrite", "ignore_nonexisting", "callback", "preserve"}
    if unknown:
        raise ValueError(f"unknown options for a copy between machines: {', '.join(sorted(unknown))}")
    get = {"dereference": options.get("dereference", True), "ignore_nonexisting": options.get("ignore_nonexisting", False)}
    put = {"dereference": options.get("dereference", True), "overwrite": options.get("overwrite", True)}
    return get, put


def _in_thread(name: str) -> Callable[..., Any]:
    """Return the awaitable face of the blocking method `name`."""

    async def face(self: BlockingTransport, *args: Any, **kwargs: Any) -> Any:
        return await self.run_in_thread(getattr(self, name), *args, **kwargs)

    face.__name__ = face.__qualname__ = f"{name}_async"
    face.__doc__ = f"Run `{name}` in the transport's thread."
    return face


class BlockingTransport(Transport):
    """A transport whose plugin writes blocking methods; the awaitable ones run them in a thread of the transport.

    One thread per transport by default, as most libraries do not like to be shared; a class that may be used from several threads at
    once sets `_thread_count`.
    """

    _thread_count: ClassVar[int] = 1
    _executor: ThreadPoolExecutor | None = None

    async def run_in_thread(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run `function` in the transport's thread and return its result."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._thread_count, thread_name_prefix=f"aiida-{type(self).__name__}")
        # contextvars are not carried over on purpose: what runs here is no user code of a process.
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: function(*args, **kwargs))

    def compress(
        self,
        format: str,
        remotesources: TransportPath | list[TransportPath],
        remotedestination: TransportPath,
        root_dir: TransportPath,
        overwrite: bool = True,
        dereference: bool = False,
    ) -> None:
        """Pack files of the machine into an archive there, with names relative to `root_dir`."""
        sources = [text(item) for item in (remotesources if isinstance(remotesources, list) else [remotesources])]
        matches = [match for source in sources for match in (self.glob(source) if has_magic(source) else [source])]
        archiving.check_sources(matches, [match for match in matches if not self.path_exists(match)])
        target = text(remotedestination)
        archiving.check_target(target, overwrite or not self.path_exists(target))
        self.makedirs(os.path.dirname(target), ignore_existing=True)
        command = archiving.render_compress(format, matches, target, text(root_dir), dereference=dereference)
        archiving.check_result("compress", target, *self.exec_command_wait(command))

    def extract(
        self,
        remotesource: TransportPath,
        remotedestination: TransportPath,
        overwrite: bool = True,
        strip_components: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Unpack an archive of the machine there."""
        source, target = text(remotesource), text(remotedestination)
        archiving.check_overwrite(target, overwrite or not self.path_exists(target))
        self.makedirs(target, ignore_existing=True)
        command = archiving.render_extract(source, target, strip_components)
        archiving.check_result("extract", source, *self.exec_command_wait(command))

    async def close_async(self) -> Any:
        """Close the connection, and the thread."""
        try:
            return await self.run_in_thread(self.close)
        finally:
            executor, self._executor = self._executor, None
            if executor is not None:
                executor.shutdown(wait=False)

    open_async = _in_thread("open")
    chmod_async = _in_thread("chmod")
    chown_async = _in_thread("chown")
    compress_async = _in_thread("compress")
    copy_async = _in_thread("copy")
    copy_from_remote_to_remote_async = _in_thread("copy_from_remote_to_remote")
    copyfile_async = _in_thread("copyfile")
    copytree_async = _in_thread("copytree")
    exec_command_internal_async = _in_thread("_exec_command_internal")
    exec_command_wait_async = _in_thread("exec_command_wait")
    exec_command_wait_bytes_async = _in_thread("exec_command_wait_bytes")
    extract_async = _in_thread("extract")
    get_async = _in_thread("get")
    get_attribute_async = _in_thread("get_attribute")
    get_mode_async = _in_thread("get_mode")
    getfile_async = _in_thread("getfile")
    gettree_async = _in_thread("gettree")
    glob_async = _in_thread("glob")
    isdir_async = _in_thread("isdir")
    isfile_async = _in_thread("isfile")
    listdir_async = _in_thread("listdir")
    listdir_withattributes_async = _in_thread("listdir_withattributes")
    makedirs_async = _in_thread("makedirs")
    mkdir_async = _in_thread("mkdir")
    normalize_async = _in_thread("normalize")
    path_exists_async = _in_thread("path_exists")
    put_async = _in_thread("put")
    putfile_async = _in_thread("putfile")
    puttree_async = _in_thread("puttree")
    remove_async = _in_thread("remove")
    rename_async = _in_thread("rename")
    rmdir_async = _in_thread("rmdir")
    rmtree_async = _in_thread("rmtree")
    symlink_async = _in_thread("symlink")
    whoami_async = _in_thread("whoami")


def _blocking(name: str) -> Callable[..., Any]:
    """Return the blocking face of the coroutine method `name`_async."""

    def face(self: AsyncTransport, *args: Any, **kwargs: Any) -> Any:
        return self.run_command_blocking(getattr(self, f"{name}_async"), *args, **kwargs)

    face.__name__ = face.__qualname__ = name
    face.__doc__ = f"Block on `{name}_async`."
    return face


class AsyncTransport(Transport):
    """A transport whose plugin writes awaitable methods; the blocking ones wait for them on the loop of the connection."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        return await super().__aenter__()

    def run_command_blocking(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a coroutine function of this transport on the loop of the connection and return its result."""
        return block_on(func(*args, **kwargs), self._loop)

    def open(self) -> Any:
        """Open the connection; it then lives on the background loop."""
        self._loop = None
        return self.run_command_blocking(self.open_async)

    def _exec_command_internal(self, command: str, workdir: TransportPath | None = None, **kwargs: Any) -> Any:
        return self.run_command_blocking(self.exec_command_wait_async, command, workdir=workdir, **kwargs)

    def exec_command_wait_bytes(
        self, command: str, stdin: Any = None, workdir: TransportPath | None = None, **kwargs: Any
    ) -> tuple[int, bytes, bytes]:
        """Run `command`; the output as bytes (a transport that speaks text is asked for one that maps bytes one to one)."""
        encoding = "latin-1"
        fed = stdin.decode(encoding) if isinstance(stdin, bytes) else stdin
        status, out, err = self.run_command_blocking(
            self.exec_command_wait_async, command, stdin=fed, encoding=encoding, workdir=workdir, **kwargs
        )
        return status, out.encode(encoding), err.encode(encoding)

    def copy_from_remote_to_remote(
        self, transportdestination: Transport, remotesource: TransportPath, remotedestination: TransportPath, **kwargs: Any
    ) -> None:
        """Copy from this machine to the one of `transportdestination`."""
        self.run_command_blocking(
            self.copy_from_remote_to_remote_async, transportdestination, remotesource, remotedestination, **kwargs
        )

    close = _blocking("close")
    chmod = _blocking("chmod")
    chown = _blocking("chown")
    compress = _blocking("compress")
    copy = _blocking("copy")
    copyfile = _blocking("copyfile")
    copytree = _blocking("copytree")
    exec_command_wait = _blocking("exec_command_wait")
    extract = _blocking("extract")
    get = _blocking("get")
    get_attribute = _blocking("get_attribute")
    get_mode = _blocking("get_mode")
    getfile = _blocking("getfile")
    gettree = _blocking("gettree")
    glob = _blocking("glob")
    isdir = _blocking("isdir")
    isfile = _blocking("isfile")
    listdir = _blocking("listdir")
    listdir_withattributes = _blocking("listdir_withattributes")
    makedirs = _blocking("makedirs")
    mkdir = _blocking("mkdir")
    normalize = _blocking("normalize")
    path_exists = _blocking("path_exists")
    put = _blocking("put")
    putfile = _blocking("putfile")
    puttree = _blocking("puttree")
    remove = _blocking("remove")
    rename = _blocking("rename")
    rmdir = _blocking("rmdir")
    rmtree = _blocking("rmtree")
    symlink = _blocking("symlink")
    whoami = _blocking("whoami")
