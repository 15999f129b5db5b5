"""kill -9 with a host on the other side of a bad line: what is lost, and what is done twice?

Usage: python -m benchmarks.durability.host_kills [--kills 50] [--tells] [--fresh]

A campaign in real mode uses a host in another process, through a line that loses, doubles or delays
a tenth of all calls. At random moments the campaign is killed, the host, the host when the doser
has heard and not answered, both, or the line is cut and the campaign killed behind it; then the
host is started again where it died, and the campaign resumed. At its end it is judged: by the
doser's own log, the campaign's journal, the host's and the chains. With --tells the doser keeps
the ids of what it did, and the host asks it after a crash. A campaign that was judged is kept as a
JSON line in .figures/host_kills.jsonl, so an interrupted run goes on where it was.
Prints one JSON line. POSIX only.
"""

import argparse
import faulthandler
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.durability import doser, kills
from benchmarks.figures import KEPT
from benchmarks.link_proxy import LinkProxy, random_trouble
from benchmarks.loop._common import answer, say
from benchmarks.trials._platform import forked
from labloop.errors import LabloopError
from labloop.lab import load_lab_file
from labloop.records import Mode
from labloop.service import HostOrder, end_host, host_status, run_host
from labloop.store import open_database, verify

TRIALS = KEPT / "host_kills.jsonl"
KINDS = ("campaign", "host", "bytes", "both", "line")
A_CAMPAIGN = 10
"""Strikes at one campaign."""
SILENCE = 1.0
"""Seconds for which a campaign may be silent."""
_TROUBLE = 0.1
"""Share of calls that are lost, doubled or late."""
_MOST = 1.5
"""Seconds within which a strike comes, from the first action on."""
_LONGEST_PAUSE = 0.5
"""Seconds for which a dead host stays dead, at most."""
_NOT_SUMMED = frozenset({"number", "seconds", "whole", "tells"})


@dataclass(frozen=True, slots=True)
class Judged:
    """One campaign that was struck again and again."""

    number: int
    kills: int
    """Processes that were killed."""
    campaigns: int
    hosts: int
    cuts: int
    """How often the line was cut, with and without a kill behind it."""
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
    wrong: int
    """Ends of actions in the journal that the doser's own log contradicts."""
    unsafe: int
    """Strikes after which the host let others have the doser before it was made safe."""
    whole: bool
    """Whether every chain, hash and guard of campaign and host was as it was stored."""
    seconds: float
    tells: bool = False
    """Whether the doser could be asked what it did."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one campaign, its host and the line between them are."""

    folder: Path

    @property
    def url(self) -> str:
        """The campaign's database."""
        return str(self.folder / "labloop.db")

    @property
    def host_url(self) -> str:
        """The host's database."""
        return str(self.folder / "host.db")

    def at(self, end: str) -> Path:
        """Return the address file of the host, as one end of the line has it."""
        return self.folder / f"at-{end}" / "doser.json"

    def know(self, end: str) -> None:
        """Let this process find the host as one end of the line does."""
        os.environ["LABLOOP_HOSTS"] = str(self.at(end).parent)

    def host(self) -> None:
        """Be the host."""
        self._tell_where("host")
        self.know("host")
        order = HostOrder(
            lab_file=load_lab_file(self.folder / "lab.toml"),
            name="doser",
            mode=Mode.REAL,
            silence=SILENCE,
        )
        with open_database(self.host_url) as repositories:
            run_host(order, repositories, lambda _: None)

    def line(self, seed: int) -> None:
        """Be the line: bad all the time, and cut while there is a file of that name."""

        def port() -> int:
            told = json.loads(self.at("host").read_text(encoding="utf-8"))
            return int(told["url"].rpartition(":")[2])

        proxy = LinkProxy(port, random_trouble(seed, _TROUBLE))
        told = json.loads(self.at("host").read_text(encoding="utf-8"))
        part = self.at("campaign").with_suffix(".part")
        part.write_text(json.dumps({**told, "url": proxy.url}), encoding="utf-8")
        part.replace(self.at("campaign"))
        while True:
            if (self.folder / "cut").exists():
                proxy.cut.set()
            else:
                proxy.cut.clear()
            time.sleep(0.005)

    def campaign(self) -> None:
        """Be the campaign."""
        self._tell_where("campaign")
        kills.run(self.folder, self.url, "plain", lambda: self.know("campaign"))

    def _tell_where(self, who: str) -> None:
        """Let this process write where its threads are when it is asked by SIGUSR1."""
        file = (self.folder / f"{who}.stacks").open("w", encoding="utf-8")
        faulthandler.register(signal.SIGUSR1, file)

    def where(self, *pids: int) -> str:
        """Return where the threads of campaign and host are."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)
        time.sleep(1.0)
        return "\n".join(f"{f.name}\n{f.read_text()}" for f in self.folder.glob("*.stacks"))

    def cut(self, seconds: float) -> None:
        """Cut the line for so long."""
        cut = self.folder / "cut"
        cut.touch()
        time.sleep(seconds)
        cut.unlink()

    def moved(self) -> bool:
        """Return whether the doser did something after it was last made safe."""
        truth = self.folder / "truth.txt"
        lines = truth.read_text(encoding="ascii").splitlines() if truth.exists() else []
        return bool(lines) and lines[-1] != "SAFE"


class Trial:
    """Strikes at one campaign, one after another.

    Args:
        place: where it is.
        draw: how and when.
    """

    def __init__(self, place: Place, draw: random.Random) -> None:
        self._place = place
        self._draw = draw
        self._host = kills.program(place.host)
        _wait_for(place.at("host"))
        self.count: Counter[str] = Counter()

    def strike(self) -> None:
        """Run the campaign, strike once, and wait until the devices are free again."""
        campaign = self._moving()
        kind = self._draw.choice(KINDS)
        say(f"strike at the {kind}")
        if self._draw.random() < 0.5:
            self.count["cuts"] += 1
            self._place.cut(self._draw.uniform(0.05, SILENCE / 3))
        time.sleep(self._draw.uniform(0.0, _MOST))
        if kind == "bytes":
            # The doser does it itself: it has heard, and has not answered yet.
            nth = self._draw.randint(1, 3)
            (self._place.folder / "victim").write_text(f"{self._host} {nth}", encoding="ascii")
            self.count["hosts"] += kills.wait(self._host, kills.PATIENCE) == -signal.SIGKILL
        if kind in {"host", "both"}:
            self._kill("hosts", self._host)
        if kind in {"campaign", "both"}:
            self._kill("campaigns", campaign)
        elif kind == "line":
            self.count["cuts"] += 1
            (self._place.folder / "cut").touch()
            time.sleep(self._draw.uniform(0.0, 2 * SILENCE))
            self._kill("campaigns", campaign)
            (self._place.folder / "cut").unlink()
        if kind in {"host", "both", "bytes"}:
            time.sleep(self._draw.uniform(0.0, _LONGEST_PAUSE))
            self._host = kills.program(self._place.host)
        if kind in {"host", "bytes"} and kills.wait(campaign, kills.PATIENCE) == -signal.SIGKILL:
            raise SystemExit("a campaign whose host was killed did not end by itself")
        self._free()

    def judge(self) -> dict[str, Any]:
        """Bring the campaign to its end, and compare; the host is ended in order."""
        found = kills.judge(self._place.folder, self._place.url, self._place.campaign)
        self._free()
        end_host("doser")
        found["lost"] += kills.wait(self._host, kills.PATIENCE) != 0
        with open_database(self._place.host_url) as database:
            found["whole"] = found["whole"] and verify(database).whole
        return found

    def end(self) -> None:
        """Kill the host, whatever happened."""
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._host, signal.SIGKILL)
            os.waitpid(self._host, 0)

    def _moving(self) -> int:
        """Start the campaign, and return its process when it has done something."""
        before = sum(doser.carried_out(self._place.folder).values())
        pid = kills.program(self._place.campaign)
        until = time.monotonic() + kills.PATIENCE
        while sum(doser.carried_out(self._place.folder).values()) == before:
            if time.monotonic() > until:
                say(self._place.where(pid, self._host))
                os.kill(pid, signal.SIGKILL)
                raise SystemExit("the campaign was begun and nothing moved")
            time.sleep(0.005)
        return pid

    def _kill(self, what: str, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.count[what] += kills.wait(pid, kills.PATIENCE) == -signal.SIGKILL

    def _free(self) -> None:
        """Wait until nobody has the doser: from then on it is safe."""
        self._place.know("host")
        until = time.monotonic() + kills.PATIENCE
        while time.monotonic() < until:
            with suppress(LabloopError):
                devices = host_status("doser")["devices"]
                if all(each["holder"] is None for each in devices):
                    self.count["unsafe"] += self._place.moved()
                    return
            time.sleep(0.1)
        raise SystemExit("the host did not let the doser go")


def _wait_for(file: Path) -> None:
    until = time.monotonic() + kills.PATIENCE
    while not file.exists():
        if time.monotonic() > until:
            raise SystemExit(f"{file.name} did not come")
        time.sleep(0.01)


@contextmanager
def _struck(number: int, draw: random.Random, *, tells: bool) -> Iterator[Trial]:
    """Yield a campaign that can be struck, with a doser, a host and a line of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="host-kills-")))
        place = Place(folder)
        for end in ("host", "campaign"):
            place.at(end).parent.mkdir()
        stack.enter_context(forked(lambda: doser.keep_truth(folder)))
        _wait_for(folder / "urls.json")
        urls: Mapping[str, str] = json.loads((folder / "urls.json").read_text(encoding="ascii"))
        doser.write_campaign(
            folder,
            urls["doser"],
            seed=number + 1,
            experiments=100_000,
            lab="host://doser",
            tells=tells,
        )
        (folder / "budget").write_text("100000", encoding="ascii")
        trial = Trial(place, draw)
        stack.callback(trial.end)
        stack.enter_context(forked(lambda: place.line(number)))
        _wait_for(place.at("campaign"))
        yield trial


def trial(number: int, strikes: int, *, tells: bool = False) -> Judged:
    """Strike at one campaign again and again, and judge it."""
    start = time.monotonic()
    with _struck(number, random.Random(f"host {number}"), tells=tells) as struck:
        for _ in range(strikes):
            struck.strike()
        found = struck.judge()
        count = struck.count
    return Judged(
        number=number,
        kills=count["campaigns"] + count["hosts"],
        campaigns=count["campaigns"],
        hosts=count["hosts"],
        cuts=count["cuts"],
        unsafe=count["unsafe"],
        tells=tells,
        seconds=round(time.monotonic() - start, 1),
        **found,
    )


def measure(wanted: int, keep: Path, *, tells: bool = False) -> list[Judged]:
    """Return campaigns until so many strikes were made, judged now or before."""
    lines = keep.read_text(encoding="utf-8").splitlines() if keep.is_file() else []
    rows = [Judged(**json.loads(line)) for line in lines]
    known = {row.number: row for row in rows if row.tells == tells}
    judged: list[Judged] = []
    for number in range(-(-wanted // A_CAMPAIGN)):
        found = known.get(number)
        if found is None:
            found = trial(number, min(A_CAMPAIGN, wanted - number * A_CAMPAIGN), tells=tells)
            keep.parent.mkdir(exist_ok=True)
            with keep.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(found)) + "\n")
            say(json.dumps(asdict(found)))
        judged.append(found)
    return judged


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=50, help="strikes, each of one kill or two")
    parser.add_argument("--tells", action="store_true", help="the doser can be asked what it did")
    parser.add_argument("--keep", type=Path, default=TRIALS)
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    given = parser.parse_args()
    if given.fresh:
        given.keep.unlink(missing_ok=True)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="host-kills-state-") as state:
        os.environ |= {"LABLOOP_STATE": state, "LABLOOP_LOCKS": f"{state}/locks"}
        judged = measure(given.kills, given.keep, tells=given.tells)
    counted = [f.name for f in fields(Judged) if f.name not in _NOT_SUMMED]
    answer(
        {
            "struck": len(judged),
            **{name: sum(getattr(one, name) for one in judged) for name in counted},
            "whole": all(one.whole for one in judged),
        }
    )


if __name__ == "__main__":
    main()
