"""Play snippets in one environment and write down what each of them gave: run by aiida-core's Python and by ours.

Called as `python player.py OUTPUT TOPIC…`; AIIDA_PATH names a folder of its own per topic (`{topic}` is filled in). Public names only.
"""

from __future__ import annotations

import ast
import contextlib
import datetime
import enum
import io
import json
import os
import re
import sys
import traceback
import types
import uuid
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:?\d\d|Z)?")
_AGO = re.compile(r"\b\d+[smhDMY](?=\s|$)")
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_LOG = re.compile(r"^\d\d/\d\d/\d{4} .* <\d+> .*\n", re.MULTILINE)
_PK = re.compile(r"\bpk: \d+")


#: entities that have no text form of their own in aiida-core
_UNNAMED = ("aiida.orm.users.User", "aiida.orm.comments.Comment", "aiida.orm.logs.Log", "aiida.orm.authinfos.AuthInfo")


class Words:
    """What differs from run to run gets a name that does not."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.seen: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        text = text.replace(self.home, "<HOME>").replace(sys.prefix, "<PREFIX>")
        text = _PK.sub("pk: <pk>", _UUID.sub("<uuid>", text))
        text = _HASH.sub(lambda m: self.seen.setdefault(m[0], f"<hash {len(self.seen)}>"), text)
        text = _TIME.sub("<time>", text)
        return _ADDRESS.sub("0x", text)


def kind(value: Any) -> str:
    """The class of something, by the path that it reports."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def show(value: Any, depth: int = 0) -> Any:
    """Something that JSON can hold, and that two runs of one program agree about."""
    import numpy

    if value is None or isinstance(value, bool | int | str) and type(value) in (bool, int, str):
        return value
    if depth > 8:
        return "…"
    if isinstance(value, float) and type(value) is float:
        return f"{value:.10g}"
    if isinstance(value, numpy.generic):
        return show(value.item(), depth)
    if isinstance(value, datetime.datetime):
        return "<datetime>" if value.tzinfo else "<naive datetime>"
    if isinstance(value, uuid.UUID):
        return f"UUID {value}"
    if isinstance(value, numpy.ndarray):
        return {"array": str(value.dtype), "shape": list(value.shape), "values": show(value.tolist(), depth + 1)}
    if isinstance(value, enum.Enum):
        return f"{kind(value)}.{value.name}={value.value!r}"
    if isinstance(value, Mapping) and not hasattr(value, "pk"):
        items = [[show(k, depth + 1), show(v, depth + 1)] for k, v in value.items()]
        return {"mapping": kind(value), "items": sorted(items, key=lambda item: json.dumps(item, default=str))}
    if isinstance(value, set | frozenset):
        return {kind(value): sorted((show(v, depth + 1) for v in value), key=str)}
    if isinstance(value, list | tuple):
        named = {"fields": value._fields} if hasattr(value, "_fields") else {}
        return {"is": kind(value), "of": [show(v, depth + 1) for v in value]} | named if type(value) is not list else [show(v, depth + 1) for v in value]
    if isinstance(value, types.GeneratorType | map | filter | zip):
        return {"iterator": [show(v, depth + 1) for v in value]}
    if kind(value) in _UNNAMED:
        return f"<a {kind(value)}>"
    if isinstance(value, type):
        return f"<class {value.__module__}.{value.__qualname__}>"
    if isinstance(value, BaseException):
        return f"{kind(value)}: {value}"
    return f"{kind(value)}: {value!r}"


def play(source: str, words: Words, namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """One record per statement: its value or its error, what it printed, which warnings it gave."""
    records = []
    for statement in ast.parse(source).body:
        text = ast.get_source_segment(source, statement) or ""
        printed, record = io.StringIO(), {"line": statement.lineno, "source": text}
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            warnings.simplefilter("always")
            try:
                if isinstance(statement, ast.Expr):
                    value = eval(compile(ast.Expression(statement.value), "topic", "eval"), namespace)
                    record["value"] = show(value)
                else:
                    exec(compile(ast.Module([statement], []), "topic", "exec"), namespace)
            except BaseException as error:
                record["error"] = f"{kind(error)}: {error}"
                record["where"] = traceback.format_exc()[-1500:]
        named = sorted({w.category.__name__ for w in caught if w.category.__module__ in ("builtins", "aiida.common.warnings") and w.category is not DeprecationWarning})
        if named:
            record["warnings"] = named
        if said := _LOG.sub("", printed.getvalue()):
            record["printed"] = said
        records.append({k: v if k in ("line", "source", "where") else json.loads(words(json.dumps(v, default=str, ensure_ascii=False))) for k, v in record.items()})
    return records


def verdi(*arguments: Any) -> Any:
    """Run a command in this process: its code and its output, blanks folded away; of what failed the code only."""
    from click.testing import CliRunner

    from aiida.cmdline.commands.cmd_verdi import verdi as command

    result = CliRunner().invoke(command, [str(a) for a in arguments])
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in result.output.splitlines()]
    lines = [_AGO.sub("<ago>", re.sub(r"[-=]{3,}", "---", line)) for line in lines if line]
    return [int(result.exit_code), *([] if result.exit_code else lines)]


def tables(*arguments: Any) -> Any:
    """As `verdi`, for what is a set of lines."""
    code, *lines = verdi(*arguments)
    return [code, *sorted(lines)]


def topic(path: str) -> list[dict[str, Any]]:
    """Play one topic in a profile of its own."""
    home = os.environ["AIIDA_PATH"]
    os.chdir(home)
    os.environ |= {"EDITOR": "true", "VISUAL": "true"}
    from aiida import load_profile, orm

    load_profile()
    namespace = {"orm": orm, "verdi": verdi, "tables": tables, "HOME": Path(home), "__name__": "topic", "np": __import__("numpy")}
    return play(Path(path).read_text(encoding="utf-8"), Words(home), namespace)


def main(output: str, paths: Iterable[str]) -> None:
    """Each topic in a child of its own: what is imported before is imported once."""
    pattern = os.environ["AIIDA_PATH"]
    for path in paths:
        child = os.fork()
        if not child:
            os.environ["AIIDA_PATH"] = pattern.replace("{topic}", Path(path).stem)
            try:
                found: Any = topic(path)
            except BaseException:
                found = traceback.format_exc()
            Path(output, f"{Path(path).stem}.json").write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    for module in ("numpy", "sqlalchemy", "sqlalchemy.orm", "pydantic", "click", "yaml", "ase", "spglib", "click.testing"):
        with contextlib.suppress(ImportError):
            __import__(module)
    main(sys.argv[1], sys.argv[2:])
