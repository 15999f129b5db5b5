"""kill -9 at named points and at random moments: what is lost, and what is done twice?

Usage: python -m benchmarks.durability.kills --at points|random [--database sqlite|postgresql]
       [--engine plain|prefect] [--kills 20] [--tells] [--fresh]

A campaign in real mode on a doser that another process serves. It is killed and resumed, twenty
times over, then brought to its end and judged: by the doser's own log, the journal and the chain.
With --tells the doser keeps the ids of what it did and can be asked after a crash.
A campaign that was judged is kept as a JSON line in .figures/kills.jsonl, so an interrupted run
goes on where it was. Prints one JSON line. POSIX only.
"""

import argparse
import json
import os
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.durability import doser
from benchmarks.durability.crash_points import AT_DEVICE, POINTS, arm
from benchmarks.durability.postgres import own_postgres
from benchmarks.figures import KEPT
from benchmarks.loop._common import answer, say
from benchmarks.trials._platform import forked
from labloop.campaign import Campaign, PlainHooks, Snapshot, load_campaign
from labloop.records import ActionState, Command, CommandKind, ExperimentState, Intent, Mode
from labloop.store import Database, open_database, verify

TRIALS = KEPT / "kills.jsonl"
PATIENCE = 120.0
_COUNTED = ("kills", "done", "actions", "twice", "lost", "uncertain", "hidden", "wrong")
A_CAMPAIGN = 20
"""Kills of one campaign."""
_START = 20.0
"""Seconds within which a start does something new, at most."""
_MOST = 1.5
"""Seconds within which a random kill comes, from the first experiment on."""
_MEANS = {ActionState.DONE: 1, ActionState.NOT_SENT: 0}
"""How often the doser did what ended so."""


@dataclass(frozen=True)
class Judged:
    """One campaign that was killed again and again."""

    at: str
    database: str
    engine: str
    number: int
    kills: int
    done: int
    actions: int
    twice: int
    """Actions that the doser carried out more than once."""
    lost: int
    """Actions without an intent, results that were told and are not stored, rows left running."""
    uncertain: int
    """Experiments that a person is asked about."""
    hidden: int
    """Actions without an end whose experiment is not uncertain."""
    whole: bool
    """Whether every chain, hash and guard was as it was stored."""
    seconds: float
    tells: bool = False
    """Whether the doser could be asked what it did."""
    wrong: int = 0
    """Ends of actions in the journal that the doser's own log contradicts."""


class Telling(PlainHooks):
    """Writes down how many experiments were told to be over, before anybody can kill it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._handle = os.open(folder / "told", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def changed(self, snapshot: Snapshot) -> None:
        """Write the count."""
        os.pwrite(self._handle, f"{snapshot.finished:8d}".encode(), 0)


def run(folder: Path, url: str, engine: str, prepare: Callable[[], None]) -> None:
    """Be one process of the campaign: begin or resume it, and run."""
    prepare()
    with open_database(url) as database:
        if database.campaigns.find("kills", Mode.REAL) is None:
            definition = load_campaign(folder / "campaign.py")
            campaign = Campaign.create(database, definition, mode=Mode.REAL, actor="bench")
        else:
            campaign = Campaign.resume(database, "kills", mode=Mode.REAL, actor="bench")
            campaign.extend(int((folder / "budget").read_text(encoding="ascii")))
        if engine == "plain":
            campaign.run(Telling(folder))
            return
        from labloop_workflows import PrefectEngine

        PrefectEngine().run(campaign, Telling(folder))


def program(call: Callable[[], None], voice: Path = Path(os.devnull)) -> int:
    """Start a program that says what it says into a file; return its process."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for number in range(3):
            os.dup2(os.open(voice, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
        call()
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def wait(pid: int, seconds: float) -> int:
    """Return how a program ended; one that does not is killed, and told by -1."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -1


def kill_once(folder: Path, url: str, engine: str, at: str, draw: random.Random) -> bool:
    """Run the campaign until it is killed; return whether it was."""
    nth = draw.randint(1, 5)

    def prepare() -> None:
        if at == AT_DEVICE:
            (folder / "victim").write_text(f"{os.getpid()} {nth}", encoding="ascii")
        elif at != "random":
            arm(at, nth)

    before = len(doser.carried_out(folder))
    pid = program(lambda: run(folder, url, engine, prepare))
    if at == "random":
        until = time.monotonic() + PATIENCE
        while len(doser.carried_out(folder)) == before and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(draw.uniform(0.0, _MOST))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return wait(pid, PATIENCE) == -signal.SIGKILL


def judge(folder: Path, url: str, go_on: Callable[[], None]) -> dict[str, Any]:
    """Bring the campaign to its end, and compare what was done with what is stored.

    Args:
        folder: of campaign and doser.
        url: of the database.
        go_on: is the process that resumes the campaign.
    """
    told = int((folder / "told").read_text(encoding="ascii") or 0)
    with open_database(url) as database:
        record = database.campaigns.find("kills", Mode.REAL)
        if record is None:
            raise SystemExit("the campaign is not stored though it was killed in its midst")
        rows = database.experiments.all(record.id)
        stored = sum(row.state in {ExperimentState.DONE, ExperimentState.FAILED} for row in rows)
    begun = sum(row.state is not ExperimentState.PLANNED for row in rows)
    (folder / "budget").write_text(str(begun + 5), encoding="ascii")
    before = sum(doser.carried_out(folder).values())
    pid = program(go_on)
    # Nobody answers before the start has asked those that can tell.
    until = time.monotonic() + _START
    while sum(doser.carried_out(folder).values()) == before and time.monotonic() < until:
        time.sleep(0.05)
    with open_database(url) as database:
        code, asked = _answer_all(database, record.id, pid)
        found = compare(database, record.id, folder, asked)
        found["whole"] = verify(database).whole
    found["lost"] += max(told - stored, 0) + (code != 0)
    return found


def _answer_all(database: Database, campaign_id: str, pid: int) -> tuple[int, set[str]]:
    """Wait for a program; be the person who says of all that is uncertain that it is given up.

    Returns:
        How the program ended, and the experiments that it asked about.
    """
    asked: set[str] = set()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status), asked
        for row in database.experiments.all(campaign_id, {ExperimentState.UNCERTAIN}):
            if row.id not in asked:
                asked.add(row.id)
                given = {"experiment": row.id, "outcome": "abandoned"}
                command = Command(
                    campaign_id=campaign_id,
                    kind=CommandKind.RESOLVE,
                    actor="bench",
                    arguments=given,
                )
                database.commands.add(command).result()
        time.sleep(0.1)
    return wait(pid, 0.0), asked


def compare(database: Database, campaign_id: str, folder: Path, asked: set[str]) -> dict[str, Any]:
    """Compare the doser's own log with the journal, the states and what was ``asked``."""
    rows = database.experiments.all(campaign_id)
    names = {doser.token(float(str(row.point["dose"]))): row for row in rows}
    entries = database.journal.entries(campaign_id)
    intents = {(entry.intent.name, dose_of(entry.intent)) for entry in entries}
    truth = doser.carried_out(folder)
    done = {name for name, row in names.items() if row.state is ExperimentState.DONE}
    lost = sum(key not in intents for key in truth)
    lost += sum(truth.get((verb, name), 0) == 0 for name in done for verb in doser.VERBS)
    lost += sum(row.state is ExperimentState.RUNNING for row in rows)
    lost += sum(row.state is ExperimentState.UNCERTAIN for row in rows)
    still_open = database.journal.open_intents(campaign_id)
    hidden = sum(
        entry.intent.experiment_id is not None and entry.intent.experiment_id not in asked
        for entry in still_open
    )
    return {
        "done": len(done),
        "actions": sum(truth.values()),
        "twice": sum(count > 1 for count in truth.values()),
        "lost": lost,
        "uncertain": len(asked),
        "hidden": hidden,
        "wrong": sum(
            truth.get((entry.intent.name, dose_of(entry.intent)), 0) != _MEANS[entry.state]
            for entry in entries
            if entry.intent.name in doser.VERBS and entry.state in _MEANS
        ),
    }


def dose_of(intent: Intent) -> str:
    """Return the dose of an action, as the doser tells it; empty for what has none."""
    given = dict(intent.arguments).get("dose")
    return doser.token(float(str(given["value"]))) if isinstance(given, Mapping) else ""


@contextmanager
def _place(database: str, server: str) -> Iterator[tuple[Path, str]]:
    """Yield a folder with a doser that is served, and the URL of an empty database."""
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        url = str(folder / "labloop.db")
        if database == "postgresql":
            url = _schema(server, folder.name.replace("-", "_"))
        with forked(lambda: doser.keep_truth(folder)):
            until = time.monotonic() + PATIENCE
            while not (folder / "urls.json").exists():
                if time.monotonic() > until:
                    raise SystemExit("the doser could not be served")
                time.sleep(0.01)
            yield folder, url


def _schema(server: str, name: str) -> str:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{name}"'.encode())
    return f"{server}&options=-csearch_path%3D{name}"


def trial(
    at: str,
    number: int,
    kills: int,
    *,
    database: str,
    engine: str,
    server: str = "",
    tells: bool = False,
) -> Judged:
    """Kill one campaign again and again, and judge it."""
    draw, start = random.Random(f"{at} {database} {engine} {number}"), time.monotonic()
    with _place(database, server) as (folder, url):
        urls = json.loads((folder / "urls.json").read_text(encoding="ascii"))
        doser.write_campaign(
            folder, urls["doser"], seed=number + 1, experiments=100_000, tells=tells
        )
        (folder / "budget").write_text("100000", encoding="ascii")
        killed = sum(kill_once(folder, url, engine, at, draw) for _ in range(kills))
        found = judge(folder, url, lambda: run(folder, url, engine, lambda: None))
    return Judged(
        at=at,
        database=database,
        engine=engine,
        number=number,
        kills=killed,
        tells=tells,
        seconds=round(time.monotonic() - start, 1),
        **found,
    )


def kept(file: Path) -> dict[tuple[str, str, str, int, bool], Judged]:
    """Return the campaigns that were judged before."""
    if not file.is_file():
        return {}
    rows = [Judged(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    return {(row.at, row.database, row.engine, row.number, row.tells): row for row in rows}


def measure(
    at: str, database: str, engine: str, kills: int, keep: Path, *, tells: bool = False
) -> list[Judged]:
    """Return all campaigns, judged now or before: a point each, or one for twenty random kills."""
    wanted = (
        [(point, 0, kills) for point in POINTS]
        if at == "points"
        else [("random", n, min(A_CAMPAIGN, kills - n * A_CAMPAIGN))
              for n in range(-(-kills // A_CAMPAIGN))]
    )  # fmt: skip
    known, judged = kept(keep), []
    with ExitStack() as stack:
        missing = [one for one in wanted if (one[0], database, engine, one[1], tells) not in known]
        server = ""
        if missing and database == "postgresql":
            server = stack.enter_context(own_postgres()).url
        if missing and engine == "prefect":
            from benchmarks.trials.ends import own_prefect

            stack.enter_context(own_prefect())
        for point, number, count in wanted:
            found = known.get((point, database, engine, number, tells))
            if found is None:
                found = trial(
                    point,
                    number,
                    count,
                    database=database,
                    engine=engine,
                    server=server,
                    tells=tells,
                )
                keep.parent.mkdir(exist_ok=True)
                with keep.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(found)) + "\n")
                say(json.dumps(asdict(found)))
            judged.append(found)
    return judged


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--at", choices=("points", "random"), required=True)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--engine", choices=("plain", "prefect"), default="plain")
    parser.add_argument("--kills", type=int, default=A_CAMPAIGN, help="of each point, or in all")
    parser.add_argument("--tells", action="store_true", help="the doser can be asked what it did")
    parser.add_argument("--keep", type=Path, default=TRIALS)
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    given = parser.parse_args()
    if given.fresh:
        given.keep.unlink(missing_ok=True)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="kills-state-") as state:
        os.environ |= {"LABLOOP_STATE": state, "LABLOOP_LOCKS": f"{state}/locks"}
        judged = measure(
            given.at, given.database, given.engine, given.kills, given.keep, tells=given.tells
        )
    answer(
        {
            "points": len({one.at for one in judged}),
            "campaigns": len(judged),
            **{name: sum(getattr(one, name) for one in judged) for name in _COUNTED},
            "whole": all(one.whole for one in judged),
        }
    )


if __name__ == "__main__":
    main()
