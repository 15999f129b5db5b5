"""Samples made, moved and lost to crashes at random: each is in one place or one open question.

Usage: python -m benchmarks.things.samples [STEPS]

A machine of hypothesis makes, moves and discards samples in a database, kills the process in the
middle of moves (the connection is dropped, the next one opens the same file), and lets a person
resolve. After every step a model in memory and the database must agree, and no place has two.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from labloop.errors import SampleError
from labloop.records import (
    Bundle,
    CampaignRecord,
    CampaignState,
    Mode,
    SampleChange,
    SampleEvent,
    Shelf,
    make_campaign_id,
)
from labloop.store import open_database

PLACES = ("rack.A1", "rack.A2", "oven", "hplc")
_CAMPAIGN = make_campaign_id("samples", "simulated", 0)
_SHELF = Shelf("bench", Mode.SIMULATED, _CAMPAIGN)
_PLACE = st.sampled_from(PLACES)
_WHICH = st.integers(0, 5)


class SampleMachine(RuleBasedStateMachine):
    """The model: sample -> the place or the two places that it takes."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._path = str(Path(self._folder.name) / "lab.db")
        self._database = open_database(self._path)
        record = CampaignRecord(
            id=_CAMPAIGN,
            name="samples",
            mode=Mode.SIMULATED,
            generation=0,
            seed=0,
            state=CampaignState.RUNNING,
            actor="bench",
        )
        self._database.campaigns.create(record, Bundle(spec={}, files={}, entry="", versions={}))
        self._where: dict[int, tuple[str, ...]] = {}

    @rule(place=_PLACE)
    def make(self, place: str) -> None:
        """A new sample, refused where one is."""
        event = SampleEvent(change=SampleChange.MADE, place=place)
        made = self._database.samples.make(_SHELF, "vial", event, _CAMPAIGN)
        if self._is_refused(made, taken=self._taken(place)):
            return
        self._where[made.result()] = (place,)

    @rule(which=_WHICH, to=_PLACE, ends=st.sampled_from(["moved", "stayed", "crash"]))
    def move(self, which: int, to: str, ends: str) -> None:
        """A move that ends, is refused by its device, or is cut off by a crash."""
        number = self._some(which)
        if number is None:
            return
        where = self._where[number]
        future = self._record(number, SampleChange.MOVING, to)
        bad = len(where) != 1 or to in where or self._taken(to, number)
        if self._is_refused(future, taken=bad):
            return
        self._where[number] = (*where, to)
        if ends == "crash":
            self._crash()
            return
        self._record(number, SampleChange(ends), to).result()
        self._where[number] = (to,) if ends == "moved" else where

    @rule(which=_WHICH, at=_PLACE)
    def find(self, which: int, at: str) -> None:
        """A person says where one is."""
        number = self._some(which)
        if number is None:
            return
        future = self._record(number, SampleChange.FOUND, at)
        if not self._is_refused(future, taken=self._taken(at, number)):
            self._where[number] = (at,)

    @rule(which=_WHICH)
    def discard(self, which: int) -> None:
        """One is gone; a second time is refused."""
        number = self._some(which)
        if number is None:
            return
        future = self._record(number, SampleChange.DISCARDED, "")
        if not self._is_refused(future, taken=not self._where[number]):
            self._where[number] = ()

    @rule()
    def restart(self) -> None:
        """The process dies between two steps."""
        self._crash()

    @invariant()
    def each_has_one_place_or_one_question(self) -> None:
        """The database says what the model says, and no place is taken twice."""
        SampleMachine.steps += 1
        found = {s.number: s.where.places for s in self._database.samples.all(_SHELF)}
        assert found == self._where  # noqa: S101 - what the machine finds out
        places = [place for taken in found.values() for place in taken]
        assert len(places) == len(set(places))  # noqa: S101 - as above

    def teardown(self) -> None:
        """Close the database."""
        self._database.close()
        self._folder.cleanup()

    def _record(self, number: int, change: SampleChange, place: str) -> Any:
        return self._database.samples.record(number, SampleEvent(change=change, place=place))

    def _some(self, which: int) -> int | None:
        numbers = sorted(self._where)
        return numbers[which % len(numbers)] if numbers else None

    def _taken(self, place: str, by_other_than: int = 0) -> bool:
        return any(place in t for n, t in self._where.items() if n != by_other_than)

    def _is_refused(self, future: Any, *, taken: bool) -> bool:
        error = future.exception()
        assert isinstance(error, SampleError) == taken, error  # noqa: S101 - as above
        return taken

    def _crash(self) -> None:
        self._database.close()
        self._database = open_database(self._path)


def run(steps: int) -> int:
    """Run the machine for so many steps at least; return how many. Raises where it fails."""
    SampleMachine.steps = 0
    each = min(steps, 100)
    run_state_machine_as_test(
        SampleMachine,
        settings=settings(
            # An example has at most as many steps as told, and often fewer.
            max_examples=max(1, round(1.5 * steps / each)),
            stateful_step_count=each,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return SampleMachine.steps


def main() -> None:
    """Print how many steps were made without a fault."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(json.dumps({"steps": run(steps), "faults": 0}))


if __name__ == "__main__":
    main()
