"""Run the code blocks of one page in order, as a reader would: `python run_page.py STEPS.json`, in a folder with a profile.

Python blocks share one interpreter, console blocks one shell environment. `PK` in a command stands for the process made last.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

LAST = "verdi process list --all --raw -P pk -O id -D desc -l 1"


def run_python(text: str, where: str, namespace: dict[str, object]) -> None:
    """Run a block; its functions find their source in a file."""
    path = Path(f"block_{len(list(Path().glob('block_*.py')))}.py").absolute()
    path.write_text(text)
    print(f"--- {where}", flush=True)
    exec(compile(text, str(path), "exec"), namespace)


def run_console(text: str, where: str) -> None:
    """Run the commands of a block; what does not begin with `$` is output that is shown to the reader."""
    commands = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
    assert commands, f"{where}: no line begins with `$ `"
    if any(re.search(r"\bPK\b", command) for command in commands):
        pk = subprocess.run(LAST, shell=True, capture_output=True, text=True, check=True).stdout.split()[0]
        commands = [re.sub(r"\bPK\b", pk, command) for command in commands]
    script = "\n".join(["set -e", "set -x", *commands, "set +x", "env -0 > .environment"])
    print(f"--- {where}", flush=True)
    subprocess.run(["bash", "-c", script], check=True, stdin=subprocess.DEVNULL)
    os.environ.update(entry.split("=", 1) for entry in Path(".environment").read_text().split("\0") if "=" in entry)


def main() -> None:
    """Run all steps; the daemon is stopped in the end."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    sys.path.insert(0, os.getcwd())
    try:
        for step in json.loads(Path(sys.argv[1]).read_text()):
            kind, text, where = step["kind"], step["text"], step["where"]
            if kind == "file":
                Path(step["name"]).write_text(text)
            elif kind == "pytest":
                Path(step["name"]).write_text(text)
                subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", step["name"]], check=True)
            elif kind == "python":
                run_python(text, where, namespace)
            else:
                run_console(text, where)
    finally:
        subprocess.run(["verdi", "daemon", "stop", "--all"], capture_output=True)


main()
