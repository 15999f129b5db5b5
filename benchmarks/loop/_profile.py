"""Where the time of every thread goes: a deterministic profile of each, by own time."""

import cProfile
import io
import pstats
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LINES = 45


@contextmanager
def profiled(file: Path) -> Iterator[None]:
    """Profile this thread and every one that begins meanwhile; write a table of each."""
    profiles: dict[str, cProfile.Profile] = {}
    plain = threading.Thread.run

    def run(thread: threading.Thread) -> None:
        profile = cProfile.Profile()
        profiles[f"{thread.name} {thread.ident}"] = profile
        profile.runcall(plain, thread)

    patched: Any = threading.Thread
    patched.run = run
    main = profiles["main"] = cProfile.Profile()
    main.enable()
    try:
        yield
    finally:
        main.disable()
        patched.run = plain
        file.write_text("\n".join(table(*each) for each in profiles.items()), encoding="utf-8")


def table(name: str, profile: cProfile.Profile) -> str:
    """Return the most expensive functions of a thread."""
    out = io.StringIO()
    try:
        stats = pstats.Stats(profile, stream=out)
    except TypeError:
        return f"== {name}: still running"
    stats.sort_stats("cumtime").print_stats(LINES)
    return f"== {name}\n{out.getvalue()}"
