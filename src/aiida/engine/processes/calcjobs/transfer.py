"""Files between here and the machine: staging, the attempt directory, retrieving, stashing."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from aiida.common.datastructures import FileCopyOperation, StashMode
from aiida.common.exceptions import InputValidationError
from aiida.common.folders import SandboxFolder
from aiida.orm import FolderData, RemoteData, load_node
from aiida.orm.nodes.data.remote.stash.compress import RemoteStashCompressedData
from aiida.orm.nodes.data.remote.stash.folder import RemoteStashFolderData
from aiida.repository.repository import Repository
from aiida.schedulers.guard import MARKS
from aiida.transports.errors import Unreachable, classify
from aiida.transports.paths import has_magic

from .plan import Plan, find_input

if TYPE_CHECKING:
    from aiida.common.folders import Folder
    from aiida.engine.processes.calcjobs.calcjob import CalcJob
    from aiida.orm import AuthInfo, CalcJobNode
    from aiida.transports import Transport

    Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]

__all__ = (
    "make_directory",
    "original_place",
    "put_input_files",
    "record_in_repository",
    "retrieve_into",
    "stage_local",
    "stash_files",
    "unstash_files",
)

#: how often a taken directory name is replaced by the next one.
_MOST_ATTEMPTS = 1000


# --- before the upload: here -------------------------------------------------------------------------------------------------


def record_in_repository(node: CalcJobNode, folder: Folder, exclude: Sequence[str]) -> dict[str, Any]:
    """Put the files of the sandbox into the object store and return what the node's row has to say about them."""
    repository = Repository(node.backend.repository)
    for root, _, names in os.walk(folder.abspath):
        for name in names:
            path = os.path.join(root, name)
            relative = os.path.relpath(path, folder.abspath)
            if not _is_excluded(relative, exclude):
                repository.put_object_from_file(path, relative)
    return repository.serialize()


def _is_excluded(relative: str, exclude: Sequence[str]) -> bool:
    """Whether a path or one of its parents is listed."""
    parts = relative.split(os.sep)
    return any(os.path.join(*parts[: i + 1]) in exclude for i in range(len(parts)))


def stage_local(process: CalcJob, plan: Plan, staging: Folder) -> None:
    """Write files of nodes to where `put_input_files` finds them; needs the object store, so it is done in the user thread."""
    for uuid, source, target in plan.local:
        node = find_input(process.inputs, uuid) or load_node(uuid=uuid)
        repository = node.base.repository
        source = "" if source in (".", "./") else source.rstrip("/")
        into = staging.get_abs_path(target or ".")
        if source and not repository.get_object(source).is_dir():
            into = os.path.join(into, PurePosixPath(source).name) if os.path.isdir(into) or target in ("", ".") else into
            os.makedirs(os.path.dirname(into), exist_ok=True)
            with repository.open(source, "rb") as handle, open(into, "wb") as copy:
                while chunk := handle.read(1 << 20):
                    copy.write(chunk)
        else:
            os.makedirs(into, exist_ok=True)
            repository.copy_tree(into, source or None)


def stage_portable(process: CalcJob, plan: Plan, sandbox: Folder) -> None:
    """Write the files of portable codes into the sandbox, the executable with permission to run."""
    for uuid, executable in plan.portable:
        code = find_input(process.inputs, uuid) or load_node(uuid=uuid)
        code.base.repository.copy_tree(sandbox.abspath)
        os.chmod(sandbox.get_abs_path(executable), 0o755)


# --- the attempt directory -----------------------------------------------------------------------------------------------------


async def make_directory(transport: Transport, authinfo: AuthInfo, uuid: str) -> str:
    """Make a directory that is nobody else's, below the work directory of the login, and return its path."""
    workdir = authinfo.get_workdir()
    if "{username}" in workdir:
        workdir = workdir.replace("{username}", await transport.whoami_async())
    parent = os.path.join(workdir, uuid[:2], uuid[2:4])
    try:
        for folder in (os.path.dirname(parent), parent):
            await _ensure_folder(transport, folder)
    except OSError as error:
        raise _with_hint(error, f"cannot make the work directory {parent} on {authinfo.computer.label}") from error
    for attempt in range(1, _MOST_ATTEMPTS):
        directory = os.path.join(parent, uuid[4:] if attempt == 1 else f"{uuid[4:]}-{attempt}")
        try:
            # Not `ignore_existing`: that it fails when the name is taken is what makes the directory ours alone.
            await transport.mkdir_async(directory)
        except OSError as error:
            if not await transport.path_exists_async(directory):
                raise _with_hint(error, f"cannot make {directory} on {authinfo.computer.label}") from error
            continue
        return directory
    raise OSError(f"{parent} holds {_MOST_ATTEMPTS} attempts of this job: something makes them fail over and over")


async def _ensure_folder(transport: Transport, path: str) -> None:
    """Make a folder whose parent is usually there."""
    try:
        await transport.mkdir_async(path, ignore_existing=True)
    except FileNotFoundError:
        await transport.makedirs_async(path, ignore_existing=True)


def _with_hint(error: OSError, text: str) -> Exception:
    """The same kind of failure, with more words; one of the connection stays one."""
    if classify(error).unreachable:
        return Unreachable(f"{text}: {error.strerror or error}")
    changed = type(error)(error.errno, f"{text}: {error.strerror or error}") if error.errno else OSError(f"{text}: {error}")
    changed.is_temporary = getattr(error, "is_temporary", None)  # type: ignore[attr-defined]
    return changed


async def put_input_files(
    transport: Transport, plan: Plan, sandbox: str, staging: str, directory: str, computer_uuid: str, logger: Logger
) -> None:
    """Fill the directory, in the order that the plan says."""
    for operation in plan.order:
        if operation == FileCopyOperation.SANDBOX:
            await _put_all(transport, sandbox, directory)
        elif operation == FileCopyOperation.LOCAL:
            await _put_all(transport, staging, directory)
        elif operation == FileCopyOperation.REMOTE:
            await _copy_remote(transport, plan, directory, computer_uuid, logger)
            await _link_remote(transport, plan, directory, computer_uuid)
    for _, executable in plan.portable:
        await transport.chmod_async(os.path.join(directory, executable), 0o755)


async def _put_all(transport: Transport, folder: str, directory: str) -> None:
    names = sorted(os.listdir(folder))
    if not names:
        return
    if getattr(transport, "merges_trees", False):
        await transport.put_async(f"{folder}/", directory)
        return
    for name in names:
        source, target = os.path.join(folder, name), os.path.join(directory, name)
        # Into an existing folder a folder would be put under its own name once more: give the parent as the target then.
        exists = os.path.isdir(source) and await transport.isdir_async(target)
        await transport.put_async(source, directory if exists else target)


async def _copy_remote(transport: Transport, plan: Plan, directory: str, computer_uuid: str, logger: Logger) -> None:
    for uuid, source, target in plan.remote:
        _check_computer(uuid, computer_uuid, "copy", source)
        into = os.path.join(directory, target)
        try:
            folder = into if target.endswith("/") else os.path.dirname(os.path.normpath(into))
            if os.path.normpath(folder) not in (directory, os.path.dirname(directory)):
                await transport.makedirs_async(os.path.normpath(folder), ignore_existing=True)
            await transport.copy_async(source, into)
        except FileNotFoundError:
            logger.warning("Unable to copy remote resource from %s to %s! NOT Stopping but just ignoring!.", source, target)


async def _link_remote(transport: Transport, plan: Plan, directory: str, computer_uuid: str) -> None:
    for uuid, source, target in plan.links:
        _check_computer(uuid, computer_uuid, "symbolic link", source)
        into = os.path.normpath(os.path.join(directory, target))
        if os.path.dirname(into) not in (directory, os.path.dirname(directory)):
            await transport.makedirs_async(os.path.dirname(into), ignore_existing=True)
        await transport.symlink_async(source, into)


def _check_computer(uuid: str, computer_uuid: str, what: str, source: str) -> None:
    if uuid != computer_uuid:
        raise InputValidationError(
            f"a {what} of {source} was asked for that lies on another computer (uuid {uuid}) than the job: transfer it first, "
            "for example with `core.transfer`"
        )


# --- retrieving ------------------------------------------------------------------------------------------------------------------


async def retrieve_into(transport: Transport, workdir: str, folder: str, directives: Sequence[Any], logger: Logger) -> None:
    """Fetch what the directives name from `workdir` into the local folder; what is missing is no error."""
    pairs = [pair for directive in directives for pair in await _resolve(transport, workdir, directive)]
    targets = [os.path.normpath(os.path.join(folder, target)) for _, target in pairs]
    for target in targets:
        os.makedirs(os.path.dirname(target) if target != os.path.normpath(folder) else folder, exist_ok=True)

    async def fetch(source: str, target: str) -> None:
        logger.debug("retrieving %s to %s", source, target)
        await transport.get_async(source, target, ignore_nonexisting=True)

    if _are_apart(targets):
        await asyncio.gather(*(fetch(source, target) for (source, _), target in zip(pairs, targets, strict=True)))
        return
    for (source, _), target in zip(pairs, targets, strict=True):  # what comes later is written over what came before
        await fetch(source, target)


def _are_apart(targets: Sequence[str]) -> bool:
    """Whether no target is another's, or lies in another."""
    ordered = sorted(targets, key=lambda path: path.split(os.sep))
    return all(not f"{after}{os.sep}".startswith(f"{before}{os.sep}") for before, after in itertools.pairwise(ordered))


async def _resolve(transport: Transport, workdir: str, directive: Any) -> list[tuple[str, str]]:
    """Return pairs of a remote path and a local name."""
    if isinstance(directive, str):
        pattern, local, depth = directive, ".", 0
    else:
        pattern, local, depth = directive
    if not has_magic(pattern):
        return [(os.path.join(workdir, pattern), _local_name(pattern, local, depth))]
    found = await transport.glob_async(os.path.join(workdir, pattern))
    base = "" if os.path.isabs(pattern) else workdir
    names = [os.path.relpath(path, base) if base else path for path in found]
    return [(path, _local_name(name, local, 1 if depth == 0 else depth)) for path, name in zip(found, names, strict=True)]


def _local_name(path: str, local: str, depth: int | None) -> str:
    """Return the name here: `depth` counts how many of the last parts of the remote path are kept below `local`.

    None keeps all; 0 names the target itself, so only `.` (this folder) keeps the name.
    """
    parts = [part for part in os.path.normpath(path).split("/") if part not in ("", ".", "..")]
    if depth is None:
        return os.path.join(local, *parts) if parts else local
    if depth == 0:
        return os.path.join(local, parts[-1]) if os.path.normpath(local) == "." and parts else local
    return os.path.join(local, *parts[-depth:]) if parts else local


async def retrieve_folder(transport: Transport, workdir: str, directives: Sequence[Any], logger: Logger) -> FolderData:
    """Return an unstored folder with what the directives name."""
    folder = FolderData()
    with SandboxFolder() as sandbox:
        await retrieve_into(transport, workdir, sandbox.abspath, directives, logger)
        _drop_marks(sandbox.abspath)
        folder.base.repository.put_object_from_tree(sandbox.abspath)
    return folder


def _drop_marks(folder: str) -> None:
    """Remove dangling links, which no repository can hold: the marks of a job are some, when a whole folder was asked for."""
    for root, names, files in os.walk(folder):
        for name in [*names, *files]:
            path = os.path.join(root, name)
            if os.path.islink(path) and (os.path.basename(root) == MARKS or not os.path.exists(path)):
                os.unlink(path)


# --- stashing ----------------------------------------------------------------------------------------------------------------------


async def stash_files(
    transport: Transport, workdir: str, uuid: str, computer: Any, options: dict[str, Any], logger: Logger
) -> Any:
    """Copy or pack the listed files of the job to the stash; return the unstored node that stands for it."""
    mode = StashMode(options.get("stash_mode", StashMode.COPY.value))
    base, sources = options["target_base"], list(options.get("source_list") or [])
    if mode is StashMode.COPY:
        target = os.path.join(base, uuid[:2], uuid[2:4], uuid[4:])
        await _copy_to_stash(transport, workdir, target, sources, bool(options.get("fail_on_missing", False)), logger)
        return RemoteStashFolderData(
            computer=computer,
            stash_mode=mode,
            target_basepath=target,
            source_list=sources,
            fail_on_missing=bool(options.get("fail_on_missing", False)),
        )
    if mode is StashMode.SUBMIT_CUSTOM_CODE:
        raise ValueError("the stash mode `submit_custom_code` is for `core.stash` calculations, whose code does the work")
    name = f"{uuid}.{mode.value}"
    target = os.path.join(base, name)
    paths = [os.path.join(workdir, source) for source in sources]
    dereference = bool(options.get("dereference", False))
    await transport.makedirs_async(base, ignore_existing=True)
    await transport.compress_async(mode.value, paths, target, root_dir=workdir, overwrite=False, dereference=dereference)
    return RemoteStashCompressedData(
        computer=computer, stash_mode=mode, target_basepath=target, source_list=sources, dereference=dereference
    )


async def _copy_to_stash(
    transport: Transport, workdir: str, target: str, sources: Sequence[str], fail_on_missing: bool, logger: Logger
) -> None:
    await transport.makedirs_async(target, ignore_existing=True)
    for source in sources:
        pattern = os.path.join(workdir, source)
        found = await transport.glob_async(pattern) if has_magic(source) else [pattern]
        present = [path for path in found if await transport.path_exists_async(path)]
        if fail_on_missing and (not present or len(present) != len(found)):
            raise FileNotFoundError(f"{pattern} does not exist, so it cannot be stashed")
        for path in present:
            into = os.path.join(target, os.path.relpath(path, workdir))
            await transport.makedirs_async(os.path.dirname(into), ignore_existing=True)
            await transport.copy_async(path, into)
            logger.debug("stashed %s to %s", path, into)


def original_place(stash: Any) -> str:
    """Return the folder that stashed files came from: that of the job, or the one that a stash calculation was given."""
    creator = stash.creator
    if creator is None:
        raise InputValidationError(f"{stash} was not made by a job, so nobody knows where its files belong: use `NewRemoteData`")
    given = creator.base.links.get_incoming(link_label_filter="source_node").all_nodes()
    return str(given[0].get_remote_path() if given else creator.get_remote_workdir())


async def unstash_files(
    transport: Transport, directory: str, source: Any, options: dict[str, Any], original: str, logger: Logger
) -> None:
    """Bring stashed files into `directory`, or back to the folder `original` that they came from."""
    to_original = options.get("unstash_target_mode") == "OriginalPlace"
    target = original if to_original else directory
    names = list(options.get("source_list") or [])
    await transport.makedirs_async(target, ignore_existing=True)
    if isinstance(source, RemoteStashCompressedData):
        await transport.extract_async(source.target_basepath, target, overwrite=True)
        return
    for name in names:
        pattern = os.path.join(source.target_basepath, name)
        for path in await transport.glob_async(pattern) if has_magic(name) else [pattern]:
            into = os.path.join(target, os.path.relpath(path, source.target_basepath))
            await transport.makedirs_async(os.path.dirname(into), ignore_existing=True)
            # A folder is merged into one of the same name, not put inside it.
            exists = await transport.isdir_async(path) and await transport.isdir_async(into)
            await transport.copy_async(path, os.path.dirname(into) if exists else into)
            logger.debug("unstashed %s to %s", path, into)


def merge_folders(source: str, target: str) -> None:
    """Copy what is in one local folder into another."""
    shutil.copytree(source, target, dirs_exist_ok=True)


def remote_folder(computer: Any, path: str) -> RemoteData:
    """Return the unstored node that stands for a folder on a computer."""
    return RemoteData(computer=computer, remote_path=path)


