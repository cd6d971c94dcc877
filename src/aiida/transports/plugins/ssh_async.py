"""SSH with a face that is awaited: one connection for everything, by asyncssh or by the system's ssh."""

from __future__ import annotations

import asyncio
import fnmatch
import os
import stat
import tempfile
from typing import Any, ClassVar

from aiida.common.exceptions import InvalidOperation
from aiida.transports import archiving
from aiida.transports.copying import LocalSide, Mover, Side, copy_any, copy_file, copy_tree
from aiida.transports.errors import Refused
from aiida.transports.fields import AuthOption, field, validate_positive_number
from aiida.transports.login_shells import LoginShells
from aiida.transports.paths import has_magic, match_names, quote, text
from aiida.transports.plugins.asyncssh_backend import MOST_CHANNELS, AsyncSshFiles
from aiida.transports.plugins.openssh import OpenSshFiles
from aiida.transports.remote_files import RemoteFiles
from aiida.transports.transport import AsyncTransport, Transport, TransportInternalError, TransportPath
from aiida.transports.util import FileAttribute

__all__ = ("AsyncSshTransport",)


def validate_script(ctx: Any, param: Any, value: str) -> str:
    """Return the path of an executable script, or raise ValueError."""
    if value in (None, "None"):
        return "None"
    if not os.path.isabs(value) or not os.access(value, os.X_OK):
        raise ValueError(f"{value} is not the absolute path of an executable file")
    return value


def validate_backend(ctx: Any, param: Any, value: str) -> str:
    """Return the name of a back end, or raise ValueError."""
    if value not in ("asyncssh", "openssh"):
        raise ValueError(f"{value!r} is not a valid backend, choose either `asyncssh` or `openssh`")
    return value


class AsyncSshTransport(AsyncTransport):
    """Transport plugin via SSH, asynchronously."""

    _DEFAULT_max_io_allowed: ClassVar[int] = 8
    shares_connection: ClassVar[bool] = True
    #: `put` of a folder written with a slash at its end merges its content into an existing folder.
    merges_trees: ClassVar[bool] = True

    _valid_auth_options: ClassVar[list[AuthOption]] = [
        field("host", "Host as in 'ssh <HOST>' (needs to be a password-less setup)", "The name after `ssh` on your terminal; settings of "
              "`~/.ssh/config` apply. Its key must be known: connect once by hand. By default the computer's hostname.", type=str),
        field("data_node_host", "Data transfer host as in 'ssh <HOST>' ('None' to use the login host)", "Another host of the same "
              "site for files, if there is one; commands still go to the login host.", type=str, default="None"),
        field("max_io_allowed", "Maximum number of concurrent I/O operations", "How many operations may be under way at once on the "
              "connection.", type=int, default=8, callback=validate_positive_number),
        field("authentication_script", "Local script to run before opening connection (path)", "An executable that prepares the "
              "login, for example by asking for a second factor.", type=str, default="None", callback=validate_script),
        field("backend", "Type of async backend to use, `asyncssh` or `openssh`", "`openssh` runs the system's `ssh`, with all that your "
              "terminal can do; `asyncssh` is faster.", type=str, default="asyncssh", callback=validate_backend,
              choices=("asyncssh", "openssh")),
        field("use_sftp", "Server supports SFTP? (Only applies to `openssh` backend)", "Kept for existing settings: the `openssh` "
              "back end moves files through the shell and needs no SFTP.", default=True, switch=True),
    ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.machine: str = kwargs.get("host") or kwargs.get("machine") or ""
        self._machine = self.machine
        self._max_io_allowed = int(kwargs.get("max_io_allowed", self._DEFAULT_max_io_allowed))
        self.script_before: str = kwargs.get("authentication_script") or "None"
        self.backend_name: str = kwargs.get("backend") or "asyncssh"
        data_host = kwargs.get("data_node_host")
        self._data_host = None if data_host in (None, "", "None") else str(data_host)
        #: another file than `~/.ssh/config`; read by both back ends.
        self._config_file: str | None = kwargs.get("ssh_config") or None
        self._connect_options: dict[str, Any] = dict(kwargs.get("connect_options") or {})
        if self._config_file is not None:
            self._connect_options.setdefault("config", [self._config_file])
        self._commands: RemoteFiles | None = None
        self._shells: LoginShells | None = None
        self._files: RemoteFiles | None = None

    @property
    def max_io_allowed(self) -> int:
        """How many operations may be under way at once."""
        return self._max_io_allowed

    def __str__(self) -> str:
        return f"{'OPEN' if self._is_open else 'CLOSED'} [{type(self).__name__}]"

    # --- opening and closing ------------------------------------------------------------------------------------------------

    def _make_backend(self, host: str) -> RemoteFiles:
        if self.backend_name == "openssh":
            return OpenSshFiles(host, channels=self._max_io_allowed, config_file=self._config_file)
        return AsyncSshFiles(host, self._connect_options, channels=min(self._max_io_allowed, MOST_CHANNELS))

    async def open_async(self) -> AsyncSshTransport:
        """Connect."""
        if self._is_open:
            raise InvalidOperation("Cannot open the transport twice")
        self._loop = asyncio.get_running_loop()
        await self._run_script()
        commands = self._make_backend(self.machine)
        await commands.open()
        files = commands
        if self._data_host is not None:
            files = self._make_backend(self._data_host)
            try:
                await files.open()
            except BaseException:
                await commands.close()
                raise
        self._commands, self._files, self._is_open = commands, files, True
        self._shells = LoginShells(commands.start) if self._use_login_shell else None
        return self

    async def _run_script(self) -> None:
        """Run the authentication script; failing is final, as people have to look at it."""
        if self.script_before in ("None", ""):
            return
        process = await asyncio.create_subprocess_exec(
            self.script_before, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        out, _ = await process.communicate()
        if process.returncode != 0:
            raise Refused(f"the authentication script {self.script_before} failed ({process.returncode}): {out.decode()[-500:]}")

    async def close_async(self) -> None:
        """Disconnect."""
        if not self._is_open:
            raise InvalidOperation("Cannot close the transport: it is already closed")
        commands, files, self._commands, self._files, self._is_open = self._commands, self._files, None, None, False
        if self._shells is not None:
            self._shells.close()
        for backend in {id(each): each for each in (commands, files) if each is not None}.values():
            await backend.close()

    @property
    def is_open(self) -> bool:
        """Whether the connection is open; one that broke is not."""
        if self._is_open and self._commands is not None and self._commands.is_open:
            return True
        if self._is_open:
            self._is_open = False  # lost: it may be opened again
        return False

    def _remote(self) -> RemoteFiles:
        if not self._is_open or self._files is None:
            raise TransportInternalError(f"the transport to {self.machine} is used without being open: enter its context first")
        return self._files

    def _sides(self) -> tuple[Side, Side]:
        return LocalSide(), _RemoteSide(self)

    # --- commands --------------------------------------------------------------------------------------------------------------

    async def exec_command_wait_async(
        self,
        command: str,
        stdin: str | None = None,
        encoding: str = "utf-8",
        workdir: TransportPath | None = None,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> tuple[int, str, str]:
        """Run a command in a (login) shell."""
        self._remote()
        assert self._commands is not None
        if workdir is not None:
            command = f"cd -- {quote(text(workdir))} && ( {command}\n)"
        given: Any = stdin
        fed = given.read() if hasattr(given, "read") else given
        data = fed if isinstance(fed, bytes) else (fed or "").encode(encoding)
        reply = None
        if self._shells is not None and not data and timeout is None:
            reply = await self._shells.run(command)
        if reply is None:
            reply = await self._commands.run(f"{self._bash_command_str}-c {quote(command)}", data, timeout)
        status, out, err = reply
        return status, out.decode(encoding), err.decode(encoding)

    async def whoami_async(self) -> str:
        """Return the user there."""
        status, out, err = await self.exec_command_wait_async("whoami")
        if status != 0:
            raise OSError(f"`whoami` failed on {self.machine} with exit status {status}: {err.strip()}")
        return out.strip()

    def gotocomputer_command(self, remotedir: TransportPath | None = None) -> str:
        """Return the command line that opens a shell there."""
        return f"ssh -t {quote(self.machine)} {quote(self._gotocomputer_string(remotedir).strip())}"

    # --- looking ----------------------------------------------------------------------------------------------------------------

    async def get_attribute_async(self, path: TransportPath) -> FileAttribute:
        """Return what `stat` says of the path itself."""
        found = await self._remote().attributes(_given(path), follow=False)
        if found is None:
            raise FileNotFoundError(2, "No such file or directory", text(path))
        return found

    async def _kind(self, path: str) -> str:
        if not path:
            return ""
        found = await self._remote().attributes(path, follow=True)
        return "" if found is None else "folder" if stat.S_ISDIR(found.st_mode) else "file"

    async def isdir_async(self, path: TransportPath) -> bool:
        """Whether `path` is a folder, or a link to one."""
        return await self._kind(text(path)) == "folder"

    async def isfile_async(self, path: TransportPath) -> bool:
        """Whether `path` is a file, or a link to one."""
        return await self._kind(text(path)) == "file"

    async def path_exists_async(self, path: TransportPath) -> bool:
        """Whether `path` exists."""
        return await self._kind(text(path)) != ""

    async def listdir_async(self, path: TransportPath, pattern: str | None = None) -> list[str]:
        """Return the names in a folder."""
        names = await self._remote().list_names(text(path) or ".")
        return fnmatch.filter(names, pattern) if pattern else names

    async def listdir_withattributes_async(self, path: TransportPath, pattern: str | None = None) -> list[dict[str, Any]]:
        """Return name, attributes and whether it is a folder, for each entry of a folder."""
        names = await self.listdir_async(path, pattern)
        paths = [os.path.join(text(path), name) for name in names]
        found = await asyncio.gather(*(self.get_attribute_async(item) for item in paths))
        folders = await asyncio.gather(*(self.isdir_async(item) for item in paths))
        return [
            {"name": name, "attributes": attributes, "isdir": is_folder}
            for name, attributes, is_folder in zip(names, found, folders, strict=True)
        ]

    async def normalize_async(self, path: TransportPath = ".") -> str:
        """Return the absolute path without dots and links."""
        return await self._remote().real_path(text(path) or ".")

    async def glob_async(self, pathname: TransportPath, ignore_nonexisting: bool = True) -> list[str]:
        """Return the paths that match a pattern."""
        found = await self._glob(text(pathname))
        if not found and not ignore_nonexisting:
            raise FileNotFoundError(2, "No such file or directory", text(pathname))
        return found

    async def _glob(self, pattern: str) -> list[str]:
        if not has_magic(pattern):
            return [pattern] if await self._remote().attributes(pattern, follow=False) is not None else []
        folder, name = os.path.split(pattern)
        bases = await self._glob(folder) if has_magic(folder) else [folder]
        found = []
        for base in bases:
            if has_magic(name):
                try:
                    names = await self._remote().list_names(base or ".")
                except OSError:
                    continue
                found += [os.path.join(base, match) for match in sorted(match_names(names, name))]
            elif await self._remote().attributes(os.path.join(base, name), follow=False) is not None:
                found.append(os.path.join(base, name))
        return found

    # --- changing -----------------------------------------------------------------------------------------------------------------

    async def chmod_async(self, path: TransportPath, mode: int, follow_symlinks: bool = True) -> None:
        """Change the permission bits."""
        await self._remote().change_mode(_given(path), mode)

    async def chown_async(self, path: TransportPath, uid: int, gid: int) -> None:
        """Change owner and group."""
        status, _, err = await self.exec_command_wait_async(f"chown {int(uid)}:{int(gid)} -- {quote(_given(path))}")
        if status != 0:
            raise OSError(f"cannot change the owner of {path}: {err.strip()}")

    async def mkdir_async(self, path: TransportPath, ignore_existing: bool = False) -> None:
        """Make a folder."""
        try:
            await self._remote().make_folder(_given(path))
        except FileExistsError:
            if not (ignore_existing and await self.isdir_async(path)):
                raise

    async def makedirs_async(self, path: TransportPath, ignore_existing: bool = False) -> None:
        """Make a folder with its parents."""
        if not ignore_existing and await self.path_exists_async(path):
            raise FileExistsError(17, "File exists", text(path))
        await self._remote().make_folders(_given(path))

    async def remove_async(self, path: TransportPath) -> None:
        """Remove a file."""
        found = await self.get_attribute_async(path)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(21, "Is a directory", text(path))
        await self._remote().remove_file(_given(path))

    async def rename_async(self, oldpath: TransportPath, newpath: TransportPath) -> None:
        """Rename; an existing target is refused."""
        old, new = _given(oldpath), _given(newpath)
        if await self._remote().attributes(old, follow=False) is None:
            raise FileNotFoundError(f"Source {old} does not exist")
        if await self._remote().attributes(new, follow=False) is not None:
            raise FileExistsError(f"Destination {new} already exists.")
        await self._remote().rename(old, new)

    async def rmdir_async(self, path: TransportPath) -> None:
        """Remove an empty folder."""
        await self._remote().remove_folder(_given(path))

    async def rmtree_async(self, path: TransportPath) -> None:
        """Remove a folder with all in it; absent is fine."""
        found = await self._remote().attributes(_given(path), follow=False)
        if found is None:
            return
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(20, "Not a directory", text(path))
        await self._remote().remove_tree(_given(path))

    async def symlink_async(self, remotesource: TransportPath, remotedestination: TransportPath) -> None:
        """Make links at the destination (a folder if the source is a pattern that matches several)."""
        source, target = os.path.normpath(text(remotesource)), os.path.normpath(text(remotedestination))
        if not has_magic(source):
            await self._remote().make_link(source, target)
            return
        matches = await self._glob(source)
        is_folder = await self.isdir_async(target)
        if len(matches) > 1 and not is_folder:
            raise OSError(f"{source} matches {len(matches)} paths, so the link's place has to be an existing folder: {target}")
        for match in matches:
            await self._remote().make_link(match, os.path.join(target, os.path.basename(match)) if is_folder else target)

    # --- copying --------------------------------------------------------------------------------------------------------------------

    async def put_async(
        self, localpath: TransportPath, remotepath: TransportPath, dereference: bool = True, overwrite: bool = True,
        ignore_nonexisting: bool = False, preserve: bool = False, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Copy a file, a folder or all matches of a pattern there."""
        options: dict[str, Any] = {"overwrite": overwrite, "dereference": dereference, "ignore_nonexisting": ignore_nonexisting}
        await copy_any(self._sides(), _Put(self), _absolute(localpath), _given(remotepath), **options)

    async def putfile_async(
        self, localpath: TransportPath, remotepath: TransportPath, dereference: bool = True, overwrite: bool = True,
        preserve: bool = False, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Copy a file there."""
        await copy_file(self._sides(), _Put(self), _absolute(localpath), _given(remotepath), overwrite=overwrite)

    async def puttree_async(
        self, localpath: TransportPath, remotepath: TransportPath, dereference: bool = True, overwrite: bool = True,
        preserve: bool = False, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Copy a folder there."""
        source, target = _absolute(localpath), _given(remotepath)
        await copy_tree(self._sides(), _Put(self), source, target, overwrite=overwrite, dereference=dereference)

    async def get_async(
        self, remotepath: TransportPath, localpath: TransportPath, dereference: bool = True, overwrite: bool = True,
        ignore_nonexisting: bool = False, preserve: bool = False, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Copy a file, a folder or all matches of a pattern here."""
        here, there = self._sides()
        options: dict[str, Any] = {"overwrite": overwrite, "dereference": dereference, "ignore_nonexisting": ignore_nonexisting}
        await copy_any((there, here), _Get(self), _given(remotepath), _absolute(localpath), **options)

    async def getfile_async(
        self, remotepath: TransportPath, localpath: TransportPath, dereference: bool = True, overwrite: bool = True,
        preserve: bool = False, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Copy a file here."""
        here, there = self._sides()
        await copy_file((there, here), _Get(self), _given(remotepath), _absolute(localpath), overwrite=overwrite)

    async def gettree_async(
        self, remotepath: TransportPath, localpath: TransportPath, dereference: bool = True, overwrite: bool = True,
        preserve: bool = False, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Copy a folder here."""
        here, there = self._sides()
        source, target = _given(remotepath), _absolute(localpath)
        await copy_tree((there, here), _Get(self), source, target, overwrite=overwrite, dereference=dereference)

    async def copy_async(
        self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False, recursive: bool = True,
        preserve: bool = False,
    ) -> None:  # fmt: skip
        """Copy a file, a folder or all matches of a pattern from one place there to another."""
        there = _RemoteSide(self)
        await copy_any((there, there), _Copy(self), _given(remotesource), _given(remotedestination), dereference=dereference)

    async def copyfile_async(
        self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False, preserve: bool = False
    ) -> None:
        """Copy a file from one place there to another; a link as a link unless `dereference`."""
        there = _RemoteSide(self)
        await copy_file((there, there), _Copy(self), _given(remotesource), _given(remotedestination), dereference=dereference)

    async def copytree_async(
        self, remotesource: TransportPath, remotedestination: TransportPath, dereference: bool = False, preserve: bool = False
    ) -> None:
        """Copy a folder from one place there to another."""
        there = _RemoteSide(self)
        await copy_tree((there, there), _Copy(self), _given(remotesource), _given(remotedestination), dereference=dereference)

    async def copy_from_remote_to_remote_async(
        self, transportdestination: Transport, remotesource: TransportPath, remotedestination: TransportPath, **kwargs: Any
    ) -> None:
        """Copy from here to another machine, over a temporary folder on this one."""
        options = {key: value for key, value in kwargs.items() if key in ("dereference", "ignore_nonexisting")}
        with tempfile.TemporaryDirectory(prefix="aiida-copy-") as folder:
            await self.get_async(remotesource, folder, **options)
            for name in sorted(os.listdir(folder)):
                await transportdestination.put_async(os.path.join(folder, name), remotedestination)

    # --- archives ---------------------------------------------------------------------------------------------------------------------

    async def compress_async(
        self, format: str, remotesources: TransportPath | list[TransportPath], remotedestination: TransportPath,
        root_dir: TransportPath, overwrite: bool = True, dereference: bool = False,
    ) -> None:  # fmt: skip
        """Pack files there into an archive there."""
        given = remotesources if isinstance(remotesources, list) else [remotesources]
        matches: list[str] = []
        for source in map(text, given):
            matches += await self._glob(source) if has_magic(source) else [source]
        archiving.check_sources(matches, [match for match in matches if not await self.path_exists_async(match)])
        target = text(remotedestination)
        archiving.check_target(target, overwrite or not await self.path_exists_async(target))
        await self._remote().make_folders(os.path.dirname(target))
        command = archiving.render_compress(format, matches, target, text(root_dir), dereference=dereference)
        archiving.check_result("compress", target, *await self.exec_command_wait_async(command))

    async def extract_async(
        self, remotesource: TransportPath, remotedestination: TransportPath, overwrite: bool = True, strip_components: int = 0
    ) -> None:
        """Unpack an archive there."""
        source, target = text(remotesource), text(remotedestination)
        archiving.check_overwrite(target, overwrite or not await self.path_exists_async(target))
        await self._remote().make_folders(target)
        command = archiving.render_extract(source, target, strip_components)
        archiving.check_result("extract", source, *await self.exec_command_wait_async(command))


def _given(path: TransportPath) -> str:
    """Return a path as text; an empty one is refused."""
    result = text(path)
    if not result:
        raise OSError("an empty path was given")
    return result


def _absolute(path: TransportPath) -> str:
    result = text(path)
    if not os.path.isabs(result):
        raise ValueError(f"the local path must be absolute: {result!r}")
    return result


class _RemoteSide:
    """The other machine as an end of a copy."""

    def __init__(self, transport: AsyncSshTransport) -> None:
        self._transport = transport

    async def kind(self, path: str) -> str:
        """Return what lies at `path`."""
        return await self._transport._kind(path)

    async def glob(self, pattern: str) -> list[str]:
        """Return what matches."""
        return await self._transport._glob(pattern)


class _Moving:
    def __init__(self, transport: AsyncSshTransport) -> None:
        self._remote = transport._remote()


class _Put(_Moving, Mover):
    async def file(self, source: str, target: str, *, dereference: bool) -> None:
        await self._remote.put_file(source, target)

    async def tree(self, source: str, target: str, *, dereference: bool) -> None:
        await self._remote.put_tree(source, target, dereference=dereference)


class _Get(_Moving, Mover):
    async def file(self, source: str, target: str, *, dereference: bool) -> None:
        await self._remote.get_file(source, target)

    async def tree(self, source: str, target: str, *, dereference: bool) -> None:
        await self._remote.get_tree(source, target, dereference=dereference)


class _Copy(_Moving, Mover):
    async def file(self, source: str, target: str, *, dereference: bool) -> None:
        await self._remote.copy_file(source, target, dereference=dereference)

    async def tree(self, source: str, target: str, *, dereference: bool) -> None:
        await self._remote.copy_tree(source, target, dereference=dereference)
