"""Runs as JSON lines in a file that is kept with the code, so that a bench goes on where it was.

A line is a run of one method on one problem from one seed. Peers stay what they are, so their
runs are kept; ours are of one state of the planner and are measured anew when it has changed.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Key = tuple[str, str, int]
Run = dict[str, Any]


def key_of(run: Run) -> Key:
    """Return what makes two runs the same one."""
    return str(run["problem"]), str(run["method"]), int(run["seed"])


def read(path: Path) -> dict[Key, Run]:
    """Return the runs of a file: of equals the last, and no line that a crash cut off."""
    found: dict[Key, Run] = {}
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            run = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[key_of(run)] = run
    return found


def append(path: Path, run: Run) -> None:
    """Add one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = path.is_file() and path.stat().st_size > 0 and path.read_bytes()[-1:] != b"\n"
    with path.open("a", encoding="utf-8") as stream:
        # A line that a crash cut off must not spoil the next one.
        stream.write(("\n" if cut else "") + json.dumps(run) + "\n")


def drop(path: Path, methods: Iterable[str]) -> None:
    """Take the runs of some methods out of a file."""
    gone = set(methods)
    left = [run for run in read(path).values() if run["method"] not in gone]
    if path.is_file():
        path.write_text("".join(json.dumps(run) + "\n" for run in left), encoding="utf-8")
