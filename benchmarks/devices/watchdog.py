"""Six ways to lose the program or the line: how long until everything is in its safe state?

Usage: python -m benchmarks.devices.watchdog [--repeat 200] [--jobs 3] [--only WAY ...]
       [--keep FILE] [--fresh]

Real mode against emulators of shipped instruments, which are served on sockets and on terminals
by a process of their own; their truth log judges. The time is counted from the moment of the loss
to the last instrument that was switched off. A trial is kept as one JSON line in
.figures/watchdog.jsonl as soon as it is judged, so an interrupted run goes on where it was.
Trials run side by side (``--jobs``), each in processes of its own: most of a trial is waiting.
The last line of the output is one JSON object. POSIX only.

Where the program is lost, a plate, a pump and a bath are on, and none has a watchdog of its own
that would be quicker. Where the line is lost, and stays lost, no program can help: two pumps whose
own watchdog is set to the same 2 s.
"""

import argparse
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.devices import served
from benchmarks.figures import KEPT, ROOT
from benchmarks.trials._platform import Program, forked
from labloop.processes import process_start

TRIALS = KEPT / "watchdog.jsonl"
AFTER = 2.0
"""Seconds of the watchdogs: the process, and the pumps'."""
LIMIT = AFTER + 1.0
_OPENINGS = 3
_BEGIN_SECONDS = 120.0
_JUDGE_SECONDS = 30.0
_END_SECONDS = 60.0
_PRECEDENCE = -15
"""Where the system lets us: a shared machine that is busy with other things is no lab's."""
_STAND_IN = 0.02
"""Seconds between two looks at the truth."""


@dataclass(frozen=True)
class Trial:
    """One program, or one line, that was lost."""

    way: str
    line: str
    number: int
    seconds: float
    """From the loss to the last instrument that was switched off; -1 where one was left on."""
    left_on: tuple[str, ...]
    told: bool
    """Whether a note was left, where the watchdog process acted."""
    load: float
    """Processes that wanted the processor then, of the whole machine."""

    @property
    def good(self) -> bool:
        """Whether all was safe in time."""
        return not self.left_on and 0 <= self.seconds <= LIMIT


@dataclass
class Scene:
    """A lab in which everything is on, and what a way may use to lose it."""

    folder: Path
    program: Program

    def kill(self) -> float:
        """End the program without a word."""
        return self._signal(signal.SIGKILL)

    def stop(self) -> float:
        """Stop the program where it is."""
        return self._signal(signal.SIGSTOP)

    def block(self) -> float:
        """Let code block the lab's loop for ever."""
        self._signal(signal.SIGUSR1)
        return float(_awaited(self.folder / "blocked"))

    def close(self) -> float:
        """Close the program's terminal."""
        asked = time.monotonic()
        self.program.close_terminal()
        return asked

    def cut(self) -> float:
        """Pull every cable."""
        asked = time.monotonic()
        (self.folder / "cut").touch()
        return asked

    def _signal(self, number: int) -> float:
        asked = time.monotonic()
        self.program.signal(number)
        return asked


WAYS: Mapping[str, tuple[Callable[[Scene], float], tuple[str, ...]]] = {
    "kill": (Scene.kill, ("tcp", "pty")),
    "stop": (Scene.stop, ("tcp", "pty")),
    "blocked-loop": (Scene.block, ("tcp", "pty")),
    "closed-terminal": (Scene.close, ("tcp", "pty")),
    "cut-socket": (Scene.cut, ("tcp",)),
    "unplugged-pty": (Scene.cut, ("pty",)),
}
"""Way -> what it does, with the second at which it began, and the lines it is tried on by turns."""
_LINE_IS_LOST = {"cut-socket", "unplugged-pty"}
_WATCHDOG_ACTS = {"kill", "stop", "blocked-loop"}


def trial(way: str, number: int) -> Trial:
    """Switch everything on, lose it, and judge by the truth."""
    lose, lines = WAYS[way]
    line = lines[number % len(lines)]
    pumps_alone = way in _LINE_IS_LOST
    with tempfile.TemporaryDirectory(prefix="watchdog-") as name:
        folder = Path(name)
        os.environ["LABLOOP_LOCKS"] = str(folder / "locks")
        with forked(lambda: served.keep_truth(folder, line, pumps_alone)):
            urls = json.loads(_awaited(folder / "urls.json"))
            program = Program(lambda: _told(lambda: served.own_the_lab(folder, urls, AFTER)))
            try:
                watchdog = int(_awaited(folder / "on", program))
                # Anywhere between two beats, the same for each trial of a number.
                program.look(random.Random(f"{way} {number}").uniform(0.0, 0.5))
                asked = lose(Scene(folder, program))
                off, left_on = _judged(folder, program)
            finally:
                _end(folder, program)
            _gone(watchdog)
            return Trial(
                way=way,
                line=line,
                number=number,
                seconds=-1.0 if left_on else round(max(off - asked, 0.0), 3),
                left_on=left_on,
                told=any(folder.glob("watchdog-*.json")),
                load=round(os.getloadavg()[0], 1),
            )


def _told(call: Callable[[], object]) -> None:
    """Let the terminal show why a program ended."""
    try:
        call()
    except Exception:
        traceback.print_exc()
        raise


def _awaited(file: Path, program: Program | None = None) -> str:
    """Return the text of a file as soon as it is there."""
    until = time.monotonic() + _BEGIN_SECONDS
    while not file.exists():
        alive = program is None or program.look(0.02)
        if not alive or time.monotonic() > until:
            said = b"" if program is None else bytes(program.said)
            sys.exit(f"{file.name} did not come: {said.decode('utf-8', 'replace')}")
        time.sleep(0.005)
    return file.read_text(encoding="ascii")


def _judged(folder: Path, program: Program) -> tuple[float, tuple[str, ...]]:
    """Return the second at which the last instrument went off, and those that never did."""
    until = time.monotonic() + _JUDGE_SECONDS
    while True:
        on, last = served.state(folder)
        if not on or time.monotonic() > until:
            return last, tuple(sorted(on))
        program.look(_STAND_IN)


def _end(folder: Path, program: Program) -> None:
    """End the program in order where it lives; cables are put back first."""
    (folder / "cut").unlink(missing_ok=True)
    program.signal(signal.SIGTERM)
    program.end(_END_SECONDS)


def _gone(pid: int) -> None:
    """Wait until the watchdog process has ended, which it does by itself."""
    start = process_start(pid)
    until = time.monotonic() + _END_SECONDS
    while start is not None and process_start(pid) == start and time.monotonic() < until:
        time.sleep(0.02)
    if start is not None and process_start(pid) == start:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kept(file: Path) -> dict[tuple[str, int], Trial]:
    """Return the trials that were judged before."""
    if not file.is_file():
        return {}
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = [Trial(**{**row, "left_on": tuple(row["left_on"])}) for row in rows]
    return {(each.way, each.number): each for each in found}


def measure(ways: list[str], repeat: int, jobs: int, keep: Path) -> list[Trial]:
    """Return all trials, judged now or before."""
    known = kept(keep)
    wanted = [(way, number) for number in range(repeat) for way in ways]
    missing = [each for each in wanted if each not in known]
    keep.parent.mkdir(exist_ok=True)
    workers: list[int] = []
    for worker in range(min(jobs, len(missing))):
        pid = os.fork()
        if pid == 0:
            _work(missing[worker::jobs], keep)
        workers.append(pid)
    failed = sum(os.waitpid(pid, 0)[1] != 0 for pid in workers)
    if failed:
        sys.exit(f"{failed} of {len(workers)} workers ended early; run the command again")
    known = kept(keep)
    return [known[each] for each in wanted]


def _work(share: list[tuple[str, int]], keep: Path) -> None:
    """Be a worker that judges its share of the trials; never returns."""
    code = 1
    try:
        for way, number in share:
            row = json.dumps(asdict(_begun(way, number))) + "\n"
            handle = os.open(keep, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(handle, row.encode())
            os.close(handle)
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def _begun(way: str, number: int) -> Trial:
    """Return a trial; a lab that could not be opened, so that nothing was lost, is opened again."""
    for _ in range(_OPENINGS - 1):
        try:
            return trial(way, number)
        except SystemExit as why:
            print(f"   {way} {number} did not begin: {why}", flush=True)
    return trial(way, number)


def summary(trials: list[Trial]) -> dict[str, object]:
    """Return what the trials of one way come to."""
    seconds = sorted(t.seconds for t in trials if t.seconds >= 0)
    return {
        "n": len(trials),
        "good": sum(t.good for t in trials),
        "left_on": sum(bool(t.left_on) for t in trials),
        "told": sum(t.told for t in trials if t.way in _WATCHDOG_ACTS),
        "median": round(statistics.median(seconds), 2) if seconds else -1,
        "most": seconds[-1] if seconds else -1,
        "late": [[t.number, t.line, t.seconds, t.load] for t in trials if not t.good],
        "load": round(statistics.median(t.load for t in trials), 1),
    }


def preload() -> None:
    """Import everything that a lab needs, so that forked programs start at once."""
    from labloop.lab import find_driver
    from labloop.units import quantity

    quantity(1.0, "s")
    for name in ("ika", "new_era", "julabo"):
        find_driver(name)


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repeat", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=sorted(WAYS), default=None)
    parser.add_argument("--keep", type=Path, default=TRIALS, help="where each trial is kept")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    given = parser.parse_args()
    if given.fresh:
        given.keep.unlink(missing_ok=True)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with suppress(OSError):
        os.nice(_PRECEDENCE)
    ways = given.only or list(WAYS)
    preload()
    trials = measure(ways, given.repeat, given.jobs, given.keep)
    found = {way: summary([t for t in trials if t.way == way]) for way in ways}
    for way, row in found.items():
        print(f"   {way}: {json.dumps(row)}", flush=True)
    print(json.dumps({"limit": LIMIT, "rows": found}), flush=True)


if __name__ == "__main__":
    main()
