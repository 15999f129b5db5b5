"""Persons, kills and runs in any order: does the record always say what was said?

Usage: python -m benchmarks.durability.commands [--steps 10000] [--seed 0]

One campaign of a plain function. Each step is drawn at random: a run to its end, a run that is
killed (SIGKILL) or spoken to meanwhile (pause, resume, add, fix, lift, stop), or something said
while no process runs (add, fix, lift, withdraw, correct, resolve). After each step the record is
compared with a model of what was said, and the chain is verified every fiftieth time and at the
end. The first contradiction ends it with exit code 1. Prints one JSON line.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path

from benchmarks.durability.kills import program, wait
from benchmarks.loop._common import answer, say
from labloop.campaign import (
    Campaign,
    PlainHooks,
    Snapshot,
    answer_pending_commands,
    correct,
    load_campaign,
    standing_wishes,
    withdraw,
)
from labloop.errors import CampaignError
from labloop.records import Command, CommandKind, ExperimentState, Json, Mode, ScalarValue
from labloop.store import Database, open_database, verify

FILE = """
import time
from labloop import Budget, CampaignSpec, Continuous, FailurePolicy, Maximize, Scalar, SearchSpace

def measure(x):
    time.sleep(0.01)
    if x["a"] > 0.9:
        raise ValueError("too much")
    return {"y": x["a"]}

campaign = CampaignSpec(
    "said", SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1)), outputs=[Scalar("y")],
    objective=Maximize("y"), procedure=measure, strategy="random", budget=Budget(experiments=1),
    failures=FailurePolicy(stop_after=10**6, on_uncertain="continue"),
)
"""
PATIENCE = 120.0
ENDS = {
    "done": ExperimentState.DONE,
    "failed": ExperimentState.FAILED,
    "abandoned": ExperimentState.ABANDONED,
}
WHILE_IT_RUNS = (CommandKind.PAUSE, CommandKind.ADD, CommandKind.FIX, CommandKind.LIFT)


class Deadly(PlainHooks):
    """Kills its own process once so many experiments have ended."""

    def __init__(self, at: int | None) -> None:
        super().__init__()
        self._at = at

    def changed(self, snapshot: Snapshot) -> None:
        """Look at the count."""
        if self._at is not None and snapshot.finished >= self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def run(folder: Path, budget: int, dies_at: int | None) -> None:
    """Be one process of the campaign."""
    with open_database(folder / "x.db") as database:
        if database.campaigns.find("said", Mode.REAL) is None:
            made = Campaign.create(database, load_campaign(folder / "said.py"), actor="eva")
        else:
            made = Campaign.resume(database, "said", mode=Mode.REAL, actor="eva")
        made.extend(budget)
        made.run(Deadly(dies_at))


class Trial:
    """A campaign, and what was said of it so far."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._voice = folder / "voice"
        """What the last run said."""
        self._draw = random.Random(seed)
        self._values: dict[int, float] = {}
        """Experiment -> the result that a person said last."""
        self._states: dict[int, ExperimentState] = {}
        """Experiment -> how it ended as a person said last."""
        self._fixed: float | None = None
        self.counts: Counter[str] = Counter()

    def step(self) -> None:
        """Do one thing and compare."""
        todo = ["run", "kill", "speak", "add", "wish", "withdraw", "correct", "resolve"]
        what = self._draw.choice(todo)
        self.counts[what] += 1
        if what in {"run", "kill"}:
            self._run(dies=what == "kill")
        elif what == "speak":
            self._speak()
        else:
            with self._open() as database:
                getattr(self, f"_{what}")(database)
        self.compare()

    def _open(self) -> Database:
        return open_database(self._folder / "x.db")

    def _start(self, more: int, dies_after: int | None) -> int:
        with self._open() as database:
            ended = {ExperimentState.DONE, ExperimentState.FAILED}
            rows = database.experiments.all(self._id(database), ended)
        dies = None if dies_after is None else len(rows) + dies_after
        self._voice.unlink(missing_ok=True)
        return program(partial(run, self._folder, len(rows) + more, dies), self._voice)

    def _run(self, *, dies: bool) -> None:
        more = self._draw.randint(1, 3)
        ended = wait(self._start(more, self._draw.randint(0, more) if dies else None), PATIENCE)
        expect(ended in ({0, -signal.SIGKILL} if dies else {0}), f"a run ended with {ended}")

    def _speak(self) -> None:
        """Say something to a running campaign, let it go on and stop it."""
        # Fifty take under a second, and on a crowded machine were over before it was said.
        pid = self._start(5000, None)
        kind = self._draw.choice(WHILE_IT_RUNS)
        with self._open() as database:
            key, until = self._id(database), time.monotonic() + PATIENCE
            while not database.experiments.all(key, {ExperimentState.RUNNING}):
                expect(time.monotonic() < until, "a campaign did not begin")
                time.sleep(0.02)
            self._say(database, kind, alone=False)
            if kind is CommandKind.PAUSE:
                self._said(database, CommandKind.RESUME, {}, alone=False)
            self._said(database, CommandKind.STOP, {}, alone=False)
        ended = wait(pid, PATIENCE)
        expect(ended == 0, f"a run that was stopped ended with {ended}")

    def _add(self, database: Database) -> None:
        self._say(database, CommandKind.ADD, alone=True)

    def _wish(self, database: Database) -> None:
        self._say(database, self._draw.choice([CommandKind.FIX, CommandKind.LIFT]), alone=True)

    def _say(self, database: Database, kind: CommandKind, *, alone: bool) -> None:
        draw = round(self._draw.random(), 3)
        given: dict[CommandKind, dict[str, Json]] = {
            CommandKind.ADD: {"point": {"a": draw, "b": 0.5}},
            CommandKind.FIX: {"condition": {"b": draw}},
            CommandKind.LIFT: {"parameters": ["b"]},
        }
        accepted = self._said(database, kind, given.get(kind, {}), alone=alone)
        if kind is CommandKind.FIX:
            expect(accepted, "a legal wish was refused")
            self._fixed = draw
        elif kind is CommandKind.LIFT:
            expect(accepted == (self._fixed is not None), "a wish was lifted that was none")
            self._fixed = None
        else:
            expect(accepted, f"{kind.value} was refused")

    def _said(
        self, database: Database, kind: CommandKind, arguments: dict[str, Json], *, alone: bool
    ) -> bool:
        """Write a command and return whether it was accepted; an answer always comes."""
        record = database.campaigns.get(self._id(database))
        command = Command(
            campaign_id=record.id,
            kind=kind,
            actor="eva",
            arguments=arguments,
            expected_version=record.version,
        )
        number = database.commands.add(command).result()
        if alone:
            answer_pending_commands(database, record, "eva")
        until = time.monotonic() + PATIENCE
        while True:
            (row,) = [c for c in database.commands.all(record.id) if c.sequence == number]
            if row.accepted is not None:
                return row.accepted
            if time.monotonic() > until:
                said = self._voice.read_text(encoding="utf-8") if self._voice.exists() else ""
                expect(False, f"{kind.value} was not answered; the last run said: {said[-3000:]}")
            time.sleep(0.02)

    def _number(self, database: Database) -> int | None:
        rows = database.experiments.all(self._id(database))
        return self._draw.choice(rows).number if rows else None

    def _withdraw(self, database: Database) -> None:
        number = self._number(database)
        record = database.campaigns.get(self._id(database))
        with suppress(CampaignError):
            withdraw(database, record, [str(number)], actor="eva", reason="a bubble")
            self._states[number or 0] = ExperimentState.ABANDONED
            self._values.pop(number or 0, None)

    def _correct(self, database: Database) -> None:
        number = self._number(database)
        record, value = database.campaigns.get(self._id(database)), round(self._draw.random(), 3)
        with suppress(CampaignError):
            correct(database, record, str(number), {"y": str(value)}, actor="eva")
            self._states[number or 0] = ExperimentState.DONE
            self._values[number or 0] = value

    def _resolve(self, database: Database) -> None:
        number = self._number(database)
        outcome = self._draw.choice(sorted(ENDS))
        (row,) = [r for r in database.experiments.all(self._id(database)) if r.number == number]
        given: dict[str, Json] = {"experiment": row.id, "outcome": outcome}
        accepted = self._said(database, CommandKind.RESOLVE, given, alone=True)
        # What a dead process left is settled before anybody is answered.
        was_open = row.state in {ExperimentState.UNCERTAIN, ExperimentState.RUNNING}
        expect(not accepted or was_open, "what had ended was resolved")
        if accepted:
            self._states[row.number] = ENDS[outcome]

    def _id(self, database: Database) -> str:
        record = database.campaigns.find("said", Mode.REAL)
        expect(record is not None, "the campaign is gone")
        return record.id if record is not None else ""

    def compare(self, *, chain: bool = False) -> None:
        """End the trial where the record says something else than persons said."""
        with self._open() as database:
            key = self._id(database)
            rows = database.experiments.all(key)
            outputs = database.experiments.outputs(key)
            expect([r.number for r in rows] == list(range(1, len(rows) + 1)), "numbers are missing")
            by_number = {row.number: row for row in rows}
            for number, state in self._states.items():
                found = by_number[number].state
                expect(found is state, f"experiment {number} is {found.value}, said: {state.value}")
            for number, value in self._values.items():
                given = outputs[by_number[number].id]["y"]
                same = isinstance(given, ScalarValue) and given.value == value
                expect(same, f"experiment {number} gave {given}, said: {value}")
            told = standing_wishes(database.commands.all(key)).fixed
            expect(told == ({} if self._fixed is None else {"b": self._fixed}), f"wishes: {told}")
            if chain:
                expect(verify(database).whole, "the chain is broken")


def expect(holds: bool, words: str) -> None:
    """End where something does not hold."""
    if not holds:
        sys.exit(f"CONTRADICTION: {words}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "said.py").write_text(FILE, encoding="utf-8")
        expect(wait(program(partial(run, folder, 1, None)), PATIENCE) == 0, "it did not begin")
        trial, began = Trial(folder, given.seed), time.monotonic()
        for number in range(1, given.steps + 1):
            trial.step()
            if number % 50 == 0:
                trial.compare(chain=True)
                say(f"{number} steps, {time.monotonic() - began:.0f} s")
        trial.compare(chain=True)
        found = {"steps": given.steps, "counts": dict(sorted(trial.counts.items()))}
        answer({**found, "seconds": round(time.monotonic() - began, 1)})


if __name__ == "__main__":
    main()
