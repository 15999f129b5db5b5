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
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol

from benchmarks.durability import doser, kills
from benchmarks.durability.machines.place import SILENCE, Place
from benchmarks.figures import KEPT
from benchmarks.loop._common import answer, say
from benchmarks.trials._platform import forked
from labloop.errors import LabloopError
from labloop.store import open_database, verify

TRIALS = KEPT / "host_kills.jsonl"
KINDS = ("campaign", "host", "bytes", "both", "line")
A_CAMPAIGN = 10
"""Strikes at one campaign."""
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
        self._place.end()
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
        """Start the campaign, and return its process when it has done something.

        A line that loses too much lets it end before it began; then it is started once more.
        """
        before = sum(doser.carried_out(self._place.folder).values())
        voice = self._place.folder / "campaign.voice"
        pid = kills.program(self._place.campaign, voice)
        until = time.monotonic() + kills.PATIENCE
        while sum(doser.carried_out(self._place.folder).values()) == before:
            if os.waitpid(pid, os.WNOHANG)[0]:
                said = voice.read_text(encoding="utf-8").splitlines()
                say(f"a campaign ended before it began: {''.join(said[-1:])}")
                pid = kills.program(self._place.campaign, voice)
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
        until = time.monotonic() + kills.PATIENCE
        while time.monotonic() < until:
            with suppress(LabloopError):
                devices = self._place.status()["devices"]
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


def prepare(place: Place, number: int, *, tells: bool) -> None:
    """Write lab and campaign, when the doser is there."""
    folder = place.folder
    for end in ("host", "campaign"):
        place.at(end).parent.mkdir()
    _wait_for(folder / "urls.json")
    urls: Mapping[str, str] = json.loads((folder / "urls.json").read_text(encoding="ascii"))
    doser.write_campaign(
        folder,
        urls["doser"],
        seed=number + 1,
        experiments=100_000,
        lab=place.lab,
        tells=tells,
    )
    (folder / "budget").write_text("100000", encoding="ascii")


class Struck(Protocol):
    """Makes a campaign that can be struck."""

    def __call__(
        self, number: int, draw: random.Random, *, tells: bool
    ) -> AbstractContextManager[Trial]:
        """Return it."""
        ...


@contextmanager
def _struck(number: int, draw: random.Random, *, tells: bool) -> Iterator[Trial]:
    """Yield a campaign that can be struck, with a doser, a host and a line of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="host-kills-")))
        place = Place(folder)
        stack.enter_context(forked(lambda: doser.keep_truth(folder)))
        prepare(place, number, tells=tells)
        trial = Trial(place, draw)
        stack.callback(trial.end)
        stack.enter_context(forked(lambda: place.line(number)))
        _wait_for(place.at("campaign"))
        yield trial


def trial(number: int, strikes: int, *, tells: bool = False, make: Struck = _struck) -> Judged:
    """Strike at one campaign again and again, and judge it."""
    start = time.monotonic()
    with make(number, random.Random(f"host {number}"), tells=tells) as struck:
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


def measure(
    wanted: int, keep: Path, *, tells: bool = False, make: Struck = _struck
) -> list[Judged]:
    """Return campaigns until so many strikes were made, judged now or before."""
    lines = keep.read_text(encoding="utf-8").splitlines() if keep.is_file() else []
    rows = [Judged(**json.loads(line)) for line in lines]
    known = {row.number: row for row in rows if row.tells == tells}
    judged: list[Judged] = []
    for number in range(-(-wanted // A_CAMPAIGN)):
        found = known.get(number)
        if found is None:
            strikes = min(A_CAMPAIGN, wanted - number * A_CAMPAIGN)
            found = trial(number, strikes, tells=tells, make=make)
            keep.parent.mkdir(exist_ok=True)
            with keep.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(found)) + "\n")
            say(json.dumps(asdict(found)))
        judged.append(found)
    return judged


def summed(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return what was counted in all campaigns."""
    counted = [f.name for f in fields(Judged) if f.name not in _NOT_SUMMED]
    return {
        "struck": len(judged),
        **{name: sum(getattr(one, name) for one in judged) for name in counted},
        "whole": all(one.whole for one in judged),
    }


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
    answer(summed(judged))


if __name__ == "__main__":
    main()
