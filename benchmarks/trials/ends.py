"""Thirteen ways to end a campaign with four experiments in flight: is everything safe, or told?

Usage: python -m benchmarks.trials.ends [--repeat 10] [--only WAY ...] [--line tcp pty]
       [--keep FILE] [--fresh]

Real mode against ovens in a process of their own (``standin.py``), over TCP and over a terminal.
The ovens' own log judges: each must have been told its safe state after it was last told
anything else; where one cannot be, that must be said loudly and the exit code must not be 0.
A trial is kept as one JSON line in .figures/ends.jsonl as soon as it is judged, so an
interrupted run goes on where it was. The last line of the output is one JSON object. POSIX only.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.figures import KEPT, ROOT, Figure
from benchmarks.trials import standin
from benchmarks.trials._platform import ClockShim, Program, forked

TRIALS = KEPT / "ends.jsonl"
LINES = ("tcp", "pty")
BEGIN_SECONDS = 120.0
END_SECONDS = 90.0
_KINDS = ("error", "exit", "interrupt")
"""What a person's code leaves by: an exception, sys.exit(0), KeyboardInterrupt."""


@dataclass(frozen=True)
class Trial:
    """One campaign that was ended."""

    way: str
    line: str
    number: int
    safe: bool
    told: bool
    """Whether something not safe was said loudly."""
    code: int | None
    """Exit code; None where it did not end by itself in time."""
    seconds: float
    """Between the end that was asked for and the last safe state."""
    left_on: tuple[str, ...]
    said: str

    @property
    def good(self) -> bool:
        """Whether a person is not left with something hot that nobody told."""
        if self.code is None:
            return False
        return self.safe or (self.told and self.code != 0)


@dataclass
class Scene:
    """A campaign in flight, and what a way may use to end it."""

    folder: Path
    number: int
    program: Program
    shim: ClockShim | None = None

    @property
    def db(self) -> Path:
        """The database."""
        return self.folder / "db" / "labloop.db"


def _signals(*numbers: int) -> Callable[[Scene], None]:
    def end(scene: Scene) -> None:
        for number in numbers:
            scene.program.signal(number)
            time.sleep(0.2)

    return end


def _stop(scene: Scene) -> None:
    words = ["command", "ends", "stop", "--real", "--db", str(scene.db), "--wait", "20"]
    other = Program(lambda: _labloop(words, scene.folder))
    scene.program.look(5.0)
    other.end(60.0)


def _cancel(scene: Scene) -> None:
    """Let another process cancel the newest flow run, as the UI does."""
    other = Program(_cancel_newest)
    scene.program.look(5.0)
    other.end(60.0)


def _cancel_newest() -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import State, StateType

    from labloop_workflows.server.lifecycle import find_or_start
    from labloop_workflows.server.server import connected_to

    with connected_to(find_or_start()), get_client(sync_client=True) as client:
        runs = client.read_flow_runs()
        for run in runs:
            if run.state is not None and run.state.type is StateType.RUNNING:
                client.set_flow_run_state(run.id, State(type=StateType.CANCELLING))


def _dead(scene: Scene) -> None:
    part = scene.folder / "dead.part"
    part.write_text("oven1", encoding="ascii")
    part.replace(scene.folder / "dead")
    scene.program.look(0.5)
    scene.program.signal(signal.SIGTERM)


def _database_gone(scene: Scene) -> None:
    """Delete it, lock it, spoil it or move its folder away, in turn."""
    how = scene.number % 4
    if how == 0:
        for part in scene.db.parent.glob("labloop.db*"):
            part.unlink()
    elif how == 1:
        with sqlite3.connect(scene.db, timeout=20, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            scene.program.look(25.0)
        other.close()
    elif how == 2:
        with scene.db.open("r+b") as file:
            file.write(os.urandom(64 * 1024))
    else:
        scene.db.parent.rename(scene.folder / "elsewhere")


def _jump(scene: Scene) -> None:
    if scene.shim is not None:
        scene.shim.jump(3600.0 if scene.number % 2 else -3600.0)


def _nothing(_: Scene) -> None:
    """The campaign ends by itself."""


WAYS: dict[str, Callable[[Scene], None]] = {
    "sigint": _signals(signal.SIGINT),
    "sigint-twice": _signals(signal.SIGINT, signal.SIGINT),
    "sigterm": _signals(signal.SIGTERM),
    "sighup": _signals(signal.SIGHUP),
    "closed-terminal": lambda scene: scene.program.close_terminal(),
    "stop-command": _stop,
    "cancel-in-ui": _cancel,
    "procedure": _nothing,
    "analysis": _nothing,
    "strategy": _nothing,
    "dead-device": _dead,
    "database-gone": _database_gone,
    "clock-jump": _jump,
}
_OWN_CODE = {"procedure", "analysis", "strategy"}
_SHORT = {*_OWN_CODE, "clock-jump", "database-gone"}
"""Ways in which the campaign goes on to its own end."""


def _labloop(words: list[str], folder: Path) -> None:
    """Be ``labloop words`` in ``folder``."""
    from labloop.cli import main

    os.chdir(folder)
    sys.argv = ["labloop", *words]
    main()


@contextmanager
def _ovens(folder: Path, line: str) -> Iterator[dict[str, str]]:
    """Let a process of its own serve the ovens; yields name -> url."""
    with forked(lambda: standin.keep_truth(folder, line)):
        urls = folder / "urls.json"
        until = time.monotonic() + 30
        while not urls.exists():
            if time.monotonic() > until:
                sys.exit("the ovens could not be served")
            time.sleep(0.02)
        yield json.loads(urls.read_text(encoding="ascii"))


def trial(way: str, line: str, number: int, *, engine: str = "plain") -> Trial:
    """Run one campaign, end it, and judge by what the ovens were told."""
    with tempfile.TemporaryDirectory(prefix="ends-") as name, _ovens(Path(name), line) as urls:
        folder, truth = Path(name), Path(name) / "truth.txt"
        (folder / "db").mkdir()
        kind = _KINDS[number % len(_KINDS)]
        experiments = 12 if way in _SHORT else 400
        standin.write_campaign(folder, urls, way=way, kind=kind, experiments=experiments)
        shim = ClockShim(folder) if way == "clock-jump" else None
        program = _begin(folder, "prefect" if way == "cancel-in-ui" else engine, shim)
        scene = Scene(folder, number, program, shim)
        until = time.monotonic() + BEGIN_SECONDS
        while standin.baking(truth) < 4 and time.monotonic() < until:
            if not program.look(0.05):
                break
        # Anywhere in an experiment, the same for each trial of a number.
        program.look(random.Random(f"{way} {number}").uniform(0.0, 1.0))
        asked = time.monotonic()
        WAYS[way](scene)
        code = program.end(END_SECONDS)
        time.sleep(0.2)
        left = tuple(sorted(oven for oven, on in standin.is_on(truth).items() if on))
        said = program.said.decode("utf-8", "replace").replace("\r", "")
        return Trial(
            way=way,
            line=line,
            number=number,
            safe=not left and standin.last_safe(truth) > 0,
            told="!! NOT SAFE" in said,
            code=code,
            seconds=round(max(standin.last_safe(truth) - asked, 0.0), 2),
            left_on=left,
            said=said[-600:],
        )


def _begin(folder: Path, engine: str, shim: ClockShim | None) -> Program:
    words = ["run", "campaign.py", "--real", "--engine", engine, "--db", "db/labloop.db"]
    if shim is None:
        return Program(lambda: _labloop(words, folder), answer="ends")

    def begin() -> None:
        # A shim in front of the clock is taken at the start of a program only.
        os.chdir(folder)
        environment = {**os.environ, **shim.environment, "PYTHONPATH": str(ROOT)}
        os.execve(sys.executable, [sys.executable, "-m", "labloop", *words], environment)  # noqa: S606 - our own words

    return Program(begin, answer="ends")


def preload(*, prefect: bool) -> None:
    """Import everything that a campaign needs, so that forked programs start at once."""
    import labloop.brain
    import labloop.cli.terminal.live
    import labloop.store  # noqa: F401 - heavy
    from labloop.units import quantity

    quantity(1.0, "s")
    if prefect:
        import labloop_workflows.runs.engine  # noqa: F401 - heavy


@contextmanager
def own_prefect() -> Iterator[None]:
    """Start a Prefect server of the bench's own, and end it."""
    with tempfile.TemporaryDirectory(prefix="ends-prefect-") as home:
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        os.environ |= {
            "PREFECT_HOME": home,
            "LABLOOP_STATE": f"{home}/state",
            "LABLOOP_UI_PORT": str(port),
        }
        preload(prefect=True)
        from labloop_workflows.server import lifecycle

        lifecycle.find_or_start()
        try:
            yield
        finally:
            print(lifecycle.stop(), flush=True)


def kept(file: Path) -> dict[tuple[str, str, int], Trial]:
    """Return the trials that were judged before."""
    if not file.is_file():
        return {}
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = [Trial(**{**row, "left_on": tuple(row["left_on"])}) for row in rows]
    return {(each.way, each.line, each.number): each for each in found}


def measure(ways: list[str], lines: list[str], repeat: int, keep: Path) -> list[Trial]:
    """Return all trials, judged now or before."""
    known, trials = kept(keep), []
    for way in ways:
        for line in lines:
            for number in range(repeat):
                found = known.get((way, line, number))
                if found is None:
                    found = trial(way, line, number)
                    keep.parent.mkdir(exist_ok=True)
                    with keep.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(found)) + "\n")
                trials.append(found)
            mine = [t for t in trials if (t.way, t.line) == (way, line)]
            print(f"   {_line(way, line, mine)}", flush=True)
    return trials


def _line(way: str, line: str, trials: list[Trial]) -> str:
    bad = [
        f"{t.number} (left on: {', '.join(t.left_on)}; exit {t.code})" for t in trials if not t.good
    ]
    codes = ", ".join(sorted({str(t.code) for t in trials}))
    told = sum(t.told for t in trials)
    return (
        f"{way} over {line}: {sum(t.safe for t in trials)} of {len(trials)} safe, {told} told, "
        f"exit {codes}, at most {max(t.seconds for t in trials):.1f} s"
        + (f"; NEITHER: {'; '.join(bad)}" if bad else "")
    )


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--only", nargs="*", choices=sorted(WAYS), default=None)
    parser.add_argument("--line", nargs="*", choices=LINES, default=list(LINES))
    parser.add_argument("--keep", type=Path, default=TRIALS, help="where each trial is kept")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    given = parser.parse_args()
    if given.fresh:
        given.keep.unlink(missing_ok=True)
    ways = given.only or list(WAYS)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if "cancel-in-ui" in ways:
        with own_prefect():
            trials = measure(ways, given.line, given.repeat, given.keep)
    else:
        preload(prefect=False)
        trials = measure(ways, given.line, given.repeat, given.keep)
    good, safe = sum(t.good for t in trials), sum(t.safe for t in trials)
    slowest = max(t.seconds for t in trials if t.way not in _SHORT) if trials else 0.0
    asked = (
        f"{len(ways)} ways to end a campaign x {given.repeat} over {' and '.join(given.line)}: "
        "safe, or told loudly with exit code not 0, in all"
    )
    figure = Figure(
        "ends",
        asked,
        f"{good} of {len(trials)} ({safe} safe, {good - safe} told); at most {slowest:.1f} s",
        len(trials),
        " ".join(["python -m benchmarks.trials.ends", *sys.argv[1:]]),
        good == len(trials) > 0,
    )
    print(figure.line())
    print(json.dumps(asdict(figure)), flush=True)


if __name__ == "__main__":
    main()
