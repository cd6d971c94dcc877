"""Whether a transport does what transports promise: one suite for all plugins, against a real machine or a fake.

`check_transport(make, remote)` runs all checks and raises AssertionError at the first that fails, with its name. `make` returns a new,
closed transport; `remote` is an empty folder on the machine in which the suite may do as it likes.
"""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiida.transports import Transport

__all__ = ("CHECKS", "check_transport")

#: names that break what is quoted badly.
AWKWARD = ("with space", "it's", 'say "hi"', "$HOME", "`id`", "a;b|c&d", "line\nbreak", "-rf", "ünïcode", "back\\slash", "#hash", "*star*")

Check = Callable[[Transport, str, Path], None]


def check_transport(make: Callable[[], Transport], remote: str) -> None:
    """Run all checks."""
    _check_context(make)
    asyncio.run(_check_awaited(make, remote))
    with make() as transport:
        for check in CHECKS:
            folder = f"{remote}/{check.__name__}"
            transport.mkdir(folder)
            with tempfile.TemporaryDirectory(prefix="aiida-check-") as local:
                try:
                    check(transport, folder, Path(local))
                except AssertionError as error:
                    raise AssertionError(f"{type(transport).__name__}, {check.__name__}: {error}") from error
            transport.rmtree(folder)


def _expect(condition: Any, text: str) -> None:
    if not condition:
        raise AssertionError(text)


def _raises(kind: type[BaseException], function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    try:
        function(*args, **kwargs)
    except kind:
        return
    except Exception as error:
        raise AssertionError(f"{function.__name__}{args} raised {error!r} where {kind.__name__} was promised") from error
    raise AssertionError(f"{function.__name__}{args} raised nothing where {kind.__name__} was promised")


def _check_context(make: Callable[[], Transport]) -> None:
    transport = make()
    _expect(not transport.is_open, "a new transport is closed")
    with transport:
        _expect(transport.is_open, "it is open inside its context")
        with transport:
            pass
        _expect(transport.is_open, "an inner context does not close it")
    _expect(not transport.is_open, "it is closed after its context")
    _raises(Exception, transport.listdir, "/")


async def _check_awaited(make: Callable[[], Transport], remote: str) -> None:
    folder = f"{remote}/awaited"
    async with make() as transport:
        await transport.mkdir_async(folder)
        _expect(await transport.isdir_async(folder), "what was made is there, in the awaited face too")
        status, out, err = await transport.exec_command_wait_async("echo out; echo err >&2; exit 3", workdir=folder)
        _expect((status, out.strip(), err.strip()) == (3, "out", "err"), "commands are awaited with status and both outputs")
        results = await asyncio.gather(*(transport.exec_command_wait_async(f"echo {i}") for i in range(20)))
        _expect([int(out) for _, out, _ in results] == list(range(20)), "twenty commands at once do not mix")
        await transport.rmtree_async(folder)


def commands(transport: Transport, folder: str, local: Path) -> None:
    """Status, outputs, input, working directory."""
    status, out, err = transport.exec_command_wait("cat; echo err >&2; exit 7", stdin="in")
    _expect((status, out, err.strip()) == (7, "in", "err"), "status, output and error output come back, input goes in")
    _expect(transport.exec_command_wait("pwd", workdir=folder)[1].strip() == transport.normalize(folder), "`workdir` is where commands run")
    _expect(transport.exec_command_wait("cat", stdin="x" * 300_000)[1] == "x" * 300_000, "large input and output pass")
    _expect(transport.exec_command_wait_bytes("printf '\\377\\000'")[1] == b"\xff\0", "bytes pass unchanged")
    _expect(transport.exec_command_wait("command-that-is-not-there")[0] == 127, "a missing command has status 127")
    _expect(transport.whoami(), "there is a user")


def folders(transport: Transport, folder: str, local: Path) -> None:
    """Making, listing and removing folders."""
    path = f"{folder}/a"
    transport.mkdir(path)
    _raises(OSError, transport.mkdir, path)
    transport.mkdir(path, ignore_existing=True)
    transport.makedirs(f"{path}/b/c")
    _raises(OSError, transport.makedirs, f"{path}/b/c")
    transport.makedirs(f"{path}/b/c", ignore_existing=True)
    _raises(OSError, transport.mkdir, f"{folder}/none/deep")
    _expect(transport.isdir(f"{path}/b/c") and not transport.isfile(f"{path}/b/c"), "a folder is a folder")
    _expect(sorted(transport.listdir(path)) == ["b"], "names are listed")
    _raises(OSError, transport.rmdir, path)
    transport.rmdir(f"{path}/b/c")
    transport.rmtree(path)
    transport.rmtree(path)
    _expect(not transport.path_exists(path), "what was removed is gone")
    _raises(OSError, transport.listdir, path)
    _expect(not transport.isdir("") and not transport.isfile(""), "an empty path is nothing")


def files(transport: Transport, folder: str, local: Path) -> None:
    """Putting, getting, renaming, modes, attributes."""
    source = local / "source"
    source.write_bytes(bytes(range(256)) * 1000)
    source.chmod(0o750)
    transport.put(str(source), f"{folder}/copy")
    _expect(transport.isfile(f"{folder}/copy"), "a file that was put is there")
    _expect(transport.get_attribute(f"{folder}/copy").st_size == 256_000, "its size is known")
    _expect(stat.S_IMODE(transport.get_mode(f"{folder}/copy")) == 0o750, "its mode came along")
    transport.get(f"{folder}/copy", str(local / "back"))
    _expect((local / "back").read_bytes() == source.read_bytes(), "what comes back is what was put")
    transport.chmod(f"{folder}/copy", 0o600)
    _expect(stat.S_IMODE(transport.get_mode(f"{folder}/copy")) == 0o600, "modes can be changed")
    transport.rename(f"{folder}/copy", f"{folder}/renamed")
    _raises(OSError, transport.rename, f"{folder}/none", f"{folder}/x")
    transport.putfile(str(source), f"{folder}/other")
    _raises(OSError, transport.rename, f"{folder}/renamed", f"{folder}/other")
    _raises(OSError, transport.putfile, str(source), f"{folder}/other", overwrite=False)
    transport.remove(f"{folder}/renamed")
    _raises(OSError, transport.remove, f"{folder}/renamed")
    _raises(OSError, transport.remove, folder)
    _raises(ValueError, transport.put, "relative", f"{folder}/x")
    _raises(ValueError, transport.get, f"{folder}/other", "relative")
    _raises(OSError, transport.put, str(local / "none"), f"{folder}/x")
    _raises(OSError, transport.get, f"{folder}/none", str(local / "x"))
    transport.get(f"{folder}/none", str(local / "x"), ignore_nonexisting=True)
    _raises(OSError, transport.get_attribute, f"{folder}/none")


def trees(transport: Transport, folder: str, local: Path) -> None:
    """Folders are copied into an existing folder, to a new name, and merge."""
    tree = local / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "a").write_text("A")
    (tree / "sub" / "b").write_text("B")
    (tree / ".hidden").write_text("H")
    transport.put(str(tree), f"{folder}/new")
    _expect(sorted(transport.listdir(f"{folder}/new")) == [".hidden", "a", "sub"], "a folder put to a new name is that")
    transport.mkdir(f"{folder}/there")
    transport.put(str(tree), f"{folder}/there")
    _expect(transport.listdir(f"{folder}/there") == ["tree"], "a folder put into a folder lies in it")
    (tree / "a").write_text("A2")
    (tree / "c").write_text("C")
    transport.put(str(tree), f"{folder}/there")
    _expect(sorted(transport.listdir(f"{folder}/there/tree")) == [".hidden", "a", "c", "sub"], "folders merge")
    _raises(OSError, transport.puttree, str(tree), f"{folder}/there", overwrite=False)
    transport.get(f"{folder}/there/tree", str(local / "back"))
    _expect((local / "back" / "a").read_text() == "A2" and (local / "back" / "sub" / "b").read_text() == "B", "and come back")
    transport.copy(f"{folder}/there/tree", f"{folder}/copied")
    _expect(sorted(transport.listdir(f"{folder}/copied")) == [".hidden", "a", "c", "sub"], "copies there are the same")
    transport.copy(f"{folder}/copied/a", f"{folder}/copied/sub")
    _expect(sorted(transport.listdir(f"{folder}/copied/sub")) == ["a", "b"], "a file copied into a folder lies in it")
    _raises(OSError, transport.copy, f"{folder}/none", f"{folder}/x")
    _raises(OSError, transport.copytree, f"{folder}/copied/a", f"{folder}/x")
    _raises(OSError, transport.copytree, f"{folder}/copied", f"{folder}/copied/a")


def many_files(transport: Transport, folder: str, local: Path) -> None:
    """A folder with more files than are sent one by one."""
    (local / "many").mkdir()
    for i in range(200):
        (local / "many" / f"file {i}").write_bytes(os.urandom(100))
    transport.put(str(local / "many"), f"{folder}/many")
    transport.get(f"{folder}/many", str(local / "back"))
    same = all((local / "back" / item.name).read_bytes() == item.read_bytes() for item in (local / "many").iterdir())
    _expect(same and len(list((local / "back").iterdir())) == 200, "two hundred files go there and back")


def patterns(transport: Transport, folder: str, local: Path) -> None:
    """Wild cards, there and here."""
    for name in ("a.txt", "b.txt", "c.dat", ".d.txt"):
        (local / name).write_text(name)
    transport.put(f"{local}/*.txt", folder)
    _expect(sorted(transport.listdir(folder)) == ["a.txt", "b.txt"], "a pattern here puts what matches, hidden files not")
    _expect(sorted(transport.glob(f"{folder}/*.txt")) == [f"{folder}/a.txt", f"{folder}/b.txt"], "a pattern there finds what matches")
    _expect(transport.glob(f"{folder}/*.none") == [], "or nothing")
    _expect(transport.listdir(folder, "a*") == ["a.txt"], "a listing takes a pattern")
    _raises(OSError, transport.put, f"{local}/*.txt", f"{folder}/none")
    (local / "into").mkdir()
    transport.get(f"{folder}/*.txt", str(local / "into"))
    _expect(sorted(os.listdir(local / "into")) == ["a.txt", "b.txt"], "a pattern there gets what matches")
    transport.get(f"{folder}/*.none", str(local / "into"))
    transport.mkdir(f"{folder}/sub")
    transport.copy(f"{folder}/*.txt", f"{folder}/sub")
    _expect(sorted(transport.listdir(f"{folder}/sub")) == ["a.txt", "b.txt"], "and copies what matches")


def links(transport: Transport, folder: str, local: Path) -> None:
    """Symbolic links: made, followed at the top, kept or followed inside."""
    (local / "target").write_text("T")
    transport.put(str(local / "target"), f"{folder}/target")
    transport.symlink(f"{folder}/target", f"{folder}/link")
    _expect(transport.isfile(f"{folder}/link"), "a link to a file is a file")
    _raises(OSError, transport.symlink, f"{folder}/target", f"{folder}/link")
    transport.get(f"{folder}/link", str(local / "got"))
    _expect(not (local / "got").is_symlink() and (local / "got").read_text() == "T", "a link at the top is followed")
    transport.mkdir(f"{folder}/tree")
    transport.symlink("../target", f"{folder}/tree/inner")
    transport.get(f"{folder}/tree", str(local / "followed"))
    _expect(not (local / "followed" / "inner").is_symlink(), "links inside are followed by default when getting")
    transport.get(f"{folder}/tree", str(local / "kept"), dereference=False)
    _expect(os.readlink(local / "kept" / "inner") == "../target", "or kept")
    transport.copy(f"{folder}/tree", f"{folder}/copied")
    _expect(stat.S_ISLNK(transport.get_attribute(f"{folder}/copied/inner").st_mode), "copies there keep links")
    transport.rmtree(f"{folder}/copied")
    _expect(transport.isfile(f"{folder}/target"), "removing a tree does not follow its links")


def awkward_names(transport: Transport, folder: str, local: Path) -> None:
    """Names that a shell would misread are names like any other."""
    (local / "content").write_text("x")
    for name in AWKWARD:
        path = f"{folder}/{name}"
        transport.mkdir(path)
        transport.put(str(local / "content"), f"{path}/{name}")
        _expect(transport.listdir(path) == [name], f"{name!r} is listed as it is")
        _expect(transport.isfile(f"{path}/{name}"), f"{name!r} is found")
        _expect(transport.exec_command_wait("ls | wc -l", workdir=path)[1].strip() in ("1", "2"), f"{name!r} is a working directory")
        transport.copy(f"{path}/{name}", f"{path}/{name}2")
        transport.rename(f"{path}/{name}2", f"{path}/{name}3")
        (local / "back").mkdir(exist_ok=True)
        transport.get(f"{path}/{name}3", str(local / "back" / "file"))
        transport.remove(f"{path}/{name}3")
        transport.rmtree(path)
        _expect(not transport.path_exists(path), f"{name!r} is removed, and nothing else")
    _expect(transport.listdir(folder) == [], "nothing is left over")
    _raises(ValueError, transport.mkdir, f"{folder}/zero\0byte")


def archives(transport: Transport, folder: str, local: Path) -> None:
    """Packing and unpacking there."""
    (local / "tree" / "sub").mkdir(parents=True)
    (local / "tree" / "sub" / "f").write_text("F")
    transport.put(str(local / "tree"), f"{folder}/tree")
    for form in ("tar", "tar.gz"):
        target = f"{folder}/packed.{form}"
        transport.compress(form, [f"{folder}/tree"], target, root_dir=folder)
        _raises(OSError, transport.compress, form, [f"{folder}/tree"], target, root_dir=folder, overwrite=False)
        transport.extract(target, f"{folder}/unpacked-{form}")
        _expect(transport.isfile(f"{folder}/unpacked-{form}/tree/sub/f"), "names are relative to the root")
        transport.extract(target, f"{folder}/stripped-{form}", strip_components=1)
        _expect(transport.isfile(f"{folder}/stripped-{form}/sub/f"), "leading parts can be left out")
    _raises(ValueError, transport.compress, "zip", [f"{folder}/tree"], f"{folder}/x", root_dir=folder)
    _raises(OSError, transport.compress, "tar", [f"{folder}/none"], f"{folder}/x", root_dir=folder)


CHECKS: tuple[Check, ...] = (commands, folders, files, trees, many_files, patterns, links, awkward_names, archives)
