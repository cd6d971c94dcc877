"""A payload runs once: the guard around the submit command, the fence at the top of the job script (PROTOCOL 10.1-10.3).

All of it is text for a POSIX shell. The marks of an attempt lie in the folder `.aiida` of its directory: `lock` and `fence` are
symbolic links that name their maker (creation is atomic and exclusive, also over NFS, and the content comes with the creation, so
"make it, then read whose it is" stays right when a reply is lost); `receipt` is the scheduler's answer; `begun.<task>` and
`ended.<task>` are written by the job.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from aiida.common.escaping import escape_for_bash as quote

__all__ = (
    "MARKS",
    "NO_DIRECTORY",
    "REVOKED",
    "UNKNOWN_ANSWER",
    "FenceTerms",
    "GuardReply",
    "add_fence",
    "parse_guard",
    "render_guard",
    "render_look",
    "render_revoke",
)

#: the folder of the marks, inside the directory of the attempt.
MARKS = ".aiida"

NO_DIRECTORY, REVOKED, UNKNOWN_ANSWER = 66, 73, 75
NOT_RERUNNABLE = 65

#: what precedes our part of the output: login shells may print anything before it.
_BEGIN = "=====aiida-guard====="
_ERRORS = "=====aiida-errors====="
#: the last line of a receipt: without it the reply was cut short.
_STATUS = "=====aiida-status====="

_MAKER = re.compile(r"[A-Za-z0-9_.:@+-]+")


@dataclass(frozen=True)
class FenceTerms:
    """How a job learns about itself: shell expressions, evaluated inside the job."""

    #: the id that a requeue keeps; for an array, the array's id. Empty: the process identity is used.
    run: str = ""
    #: lines needed before `run` can be evaluated.
    setup: str = ""
    #: the index in an array, or nothing.
    task: str = "0"
    #: how often the scheduler has started this job before.
    restarts: str = "0"


#: pid, start time and boot: no two processes share them, and a process keeps them over `exec`. No command is started where /proc is.
IDENTITY = """\
_aiida_identity() {
  _aiida_boot=; _aiida_stat=
  if [ -r /proc/$$/stat ] && read -r _aiida_stat < /proc/$$/stat && read -r _aiida_boot < /proc/sys/kernel/random/boot_id; then
    set -- ${_aiida_stat##*) }; _aiida_start=${20}; _aiida_boot=${_aiida_boot%%-*}
  else
    _aiida_start=$(ps -o lstart= -p $$ | tr -dc '0-9A-Za-z'); _aiida_boot=$(uname -n | tr -dc '0-9A-Za-z')
  fi
  _aiida_self=$$:$_aiida_start:$_aiida_boot
}
_aiida_identity"""


def render_guard(directory: str, me: str, submit_command: str, *, patience: int = 5) -> str:
    """Return the command for the login host that submits at most once per directory, however often and by whomever it is run."""
    check_maker(me)
    return f"""\
printf '\\n%s\\n' {_BEGIN}
cd -- {quote(directory)} && [ -d {MARKS} ] || exit {NO_DIRECTORY}
trap '' HUP PIPE
ln -s {me} {MARKS}/lock 2>/dev/null
if [ "$(readlink {MARKS}/lock)" != {me} ]; then
  tries=0
  while [ "$tries" -lt {patience * 5} ]; do
    [ -f {MARKS}/receipt ] && {{ cat {MARKS}/receipt; exit 0; }}
    tries=$((tries + 1)); sleep 0.2 2>/dev/null || sleep 1
  done
  exit {UNKNOWN_ANSWER}
fi
[ -f {MARKS}/receipt ] && {{ cat {MARKS}/receipt; exit 0; }}
[ -h {MARKS}/fence ] && exit {REVOKED}
{{ {submit_command}
}} < /dev/null > {MARKS}/receipt.tmp 2> {MARKS}/err.tmp
rc=$?
{{ printf '\\n%s\\n' {_ERRORS}; [ -s {MARKS}/err.tmp ] && cat {MARKS}/err.tmp; printf '\\n%s %s\\n' {_STATUS} "$rc"; }} >> {MARKS}/receipt.tmp
mv {MARKS}/receipt.tmp {MARKS}/receipt && cat {MARKS}/receipt
"""


@dataclass(frozen=True)
class GuardReply:
    """What the guard printed."""

    #: None when the submit command was asked: see the other fields; else one of the codes above, or another for a broken reply.
    code: int | None
    status: int = 0
    out: str = ""
    err: str = ""


def parse_guard(status: int, out: str, err: str) -> GuardReply:
    """Read the output of the guard."""
    _, begun, rest = out.rpartition(f"{_BEGIN}\n")
    if status in (NO_DIRECTORY, REVOKED, UNKNOWN_ANSWER) and begun:
        return GuardReply(status, err=err)
    body, complete, last = rest.rpartition(f"\n{_STATUS} ")
    stdout, parted, stderr = body.partition(f"\n{_ERRORS}\n")
    if not (begun and complete and parted and last.strip().isdigit()):
        return GuardReply(UNKNOWN_ANSWER, status, out, err or "the reply of the guard was cut short")
    return GuardReply(None, int(last), stdout, stderr)


def render_look(directory: str) -> str:
    """Return the command that prints whose the fence is (nothing: nobody's) and the receipt, if any."""
    return f"""\
printf '\\n%s\\n' {_BEGIN}
cd -- {quote(directory)} && [ -d {MARKS} ] || exit {NO_DIRECTORY}
readlink {MARKS}/fence || echo
[ -f {MARKS}/receipt ] && cat {MARKS}/receipt
exit 0
"""


def parse_look(status: int, out: str) -> tuple[str, GuardReply | None] | None:
    """Return the fence's name and the receipt, or None when the directory is not there."""
    _, begun, rest = out.rpartition(f"{_BEGIN}\n")
    if not begun or status not in (0, NO_DIRECTORY):
        raise OSError(f"looking at the marks of a job gave no readable answer (exit status {status}): {out[-200:]!r}")
    if status == NO_DIRECTORY:
        return None
    fence, _, receipt = rest.partition("\n")
    reply = parse_guard(0, f"{_BEGIN}\n{receipt}", "") if receipt.strip() else None
    return fence.strip(), reply if reply is not None and reply.code is None else None


def render_revoke(directory: str, epoch: int) -> str:
    """Return the command that takes the fence for ourselves and prints whose it is then."""
    return f"""\
printf '\\n%s\\n' {_BEGIN}
cd -- {quote(directory)} && [ -d {MARKS} ] || exit {NO_DIRECTORY}
ln -s revoked:{int(epoch)} {MARKS}/fence 2>/dev/null
readlink {MARKS}/fence
"""


def parse_revoke(status: int, out: str) -> str | None:
    """Return the fence's name, or None when the directory is not there."""
    _, begun, rest = out.rpartition(f"{_BEGIN}\n")
    if begun and status == NO_DIRECTORY:
        return None
    if not begun or status != 0 or not rest.strip():
        raise OSError(f"taking the fence of a job gave no readable answer (exit status {status}): {out[-200:]!r}")
    return rest.strip()


def check_maker(name: str) -> None:
    """Raise ValueError unless `name` may be the target of a lock: it is written into commands as it is."""
    if not _MAKER.fullmatch(name):
        raise ValueError(f"the maker of a lock may contain letters, digits and _.:@+- only: {name!r}")


def render_fence(directory: str, terms: FenceTerms, *, rerunnable: bool) -> str:
    """Return the first act of a job: pass once, by name, or leave without a trace."""
    run = f'_aiida_run={terms.run}\n' if terms.run else ""
    again = f"rm -f {MARKS}/ended.$_aiida_task" if rerunnable else f"exit {NOT_RERUNNABLE}"
    return f"""\
# --- run once: whoever the fence names may run, and nobody else, ever
cd -- {quote(directory)} || exit {NO_DIRECTORY}
{terms.setup}{IDENTITY}
_aiida_run=
{run}[ -n "$_aiida_run" ] || _aiida_run=$_aiida_self
ln -s "$_aiida_run" {MARKS}/fence 2>/dev/null || :
_aiida_tries=0
until _aiida_seen=$(readlink {MARKS}/fence) || [ "$_aiida_tries" -ge 60 ]; do
  _aiida_tries=$((_aiida_tries + 1)); sleep 1
done
[ "$_aiida_seen" = "$_aiida_run" ] || exit 0
_aiida_task={terms.task}; _aiida_restarts={terms.restarts}
if [ -e {MARKS}/ended.$_aiida_task ] || [ -e {MARKS}/begun.$_aiida_task ]; then {again}; fi
: > {MARKS}/begun.$_aiida_task
_aiida_folder=$PWD/{MARKS}
_aiida_end() {{
  _aiida_rc=$1; trap - EXIT
  echo "$_aiida_run ${{_aiida_restarts:-0}} $_aiida_rc" > "$_aiida_folder/ended.$_aiida_task.tmp" &&
    mv "$_aiida_folder/ended.$_aiida_task.tmp" "$_aiida_folder/ended.$_aiida_task"
  exit "$_aiida_rc"
}}
trap '_aiida_end $?' EXIT
# ---"""


def add_fence(script: str, directory: str, terms: FenceTerms, *, rerunnable: bool) -> tuple[str, str | None]:
    """Return the script with the fence before its first command, and the text of a separate payload, if one is needed.

    Directives are comments before the first command (a scheduler reads none after it), so there the fence stands. A script for an
    interpreter that is no POSIX shell keeps its directives, and is run as a separate payload from behind the fence.
    """
    lines = script.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), len(lines))
    fence = render_fence(directory, terms, rerunnable=rerunnable)
    if is_posix_shell(lines[0]):
        return "\n".join([*lines[:first], fence, *lines[first:], ""]), None
    interpreter = lines[0].removeprefix("#!").strip()
    call = f"{interpreter} {MARKS}/payload"
    return "\n".join(["#!/bin/sh", *lines[1:first], fence, call, ""]), script


def is_posix_shell(shebang: str) -> bool:
    """Whether a first line names a shell that understands the fence. Without a line, schedulers take a POSIX shell."""
    if not shebang.startswith("#!"):
        return True
    words = [os.path.basename(word) for word in shebang[2:].split() if not word.startswith("-")]
    name = words[1] if len(words) > 1 and words[0] == "env" else (words or ["sh"])[0]
    return name in ("sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox")
