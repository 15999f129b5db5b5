"""Three days of a simulated lab in which every instrument fails again and again: is it ever stuck?

Usage: python -m benchmarks.durability.lab_days [--hours 72] [--every 30]

The flow lab of the examples: three pumps, a bath, a detector, through drivers and emulators. Each
instrument has a fault about every half hour of lab time: an answer that is lost, garbled, cut
short, late or doubled, words that nobody asked for, a busy device, a power cut of its own.
What may have happened is uncertain and left open; the campaign goes on with the next experiment.
Looked at are the states at the end, actions without an end, the chain, and memory and descriptors
on the way. Prints one JSON line.
"""

import argparse
import os
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import scipy.spatial  # noqa: F401 - loaded first: a strategy loads it at its 64th result, no growth

from benchmarks.loop._common import answer, say
from labloop.campaign import Campaign, PlainHooks, Snapshot, load_campaign, with_spec
from labloop.campaign.decisions import Budget, FailurePolicy
from labloop.records import ExperimentState
from labloop.store import open_database, verify
from labloop_simulators.kit import Fault
from labloop_simulators.worlds import flow_reactor

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flow_snar"
KINDS = ("drop", "garble", "half", "delay", "duplicate", "unsolicited", "busy", "power_cycle")
_EVERY = "BENCH_FAULT_MINUTES"
_HOURS = "BENCH_HOURS"


def create(seed: int, options: Mapping[str, Any]) -> flow_reactor.FlowReactor:
    """Return the world of the flow lab with faults at random on every instrument."""
    world = flow_reactor.create(seed, options)
    draw = random.Random(seed)
    for name in sorted(world.emulators):
        at, end = 0.0, 3600.0 * float(os.environ[_HOURS])
        while at < end:
            at += draw.expovariate(1.0 / (60.0 * float(os.environ[_EVERY])))
            kind: Any = draw.choice(KINDS)
            world.emulators[name].faults.add(Fault(kind, at, seconds=2.0))
    return world


class Watch(PlainHooks):
    """Notes memory and descriptors at the end of each experiment."""

    def __init__(self) -> None:
        super().__init__()
        self.memory: list[float] = []
        self.handles: list[int] = []
        self._finished = -1

    def changed(self, snapshot: Snapshot) -> None:
        """Note both where an experiment has ended."""
        if snapshot.finished != self._finished:
            self._finished = snapshot.finished
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            self.memory.append(pages * resource.getpagesize() / 2**20)
            self.handles.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))


def measure(hours: float, every: float) -> dict[str, object]:
    """Run the campaign and return what was counted."""
    os.environ |= {_EVERY: str(every), _HOURS: str(hours)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in EXAMPLE.iterdir():
            if file.is_file():
                text = file.read_text(encoding="utf-8")
                world = 'world = "benchmarks.durability.lab_days:create"'
                text = text.replace('world = "flow_reactor"', world)
                (folder / file.name).write_text(text, encoding="utf-8")
        definition = load_campaign(folder / "campaign.py")
        policy = FailurePolicy(stop_after=10**6, on_uncertain="continue", unattended="skip")
        spec = replace(
            definition.spec,
            strategy="random",
            physics=None,
            failures=policy,
            budget=Budget(hours=hours),
        )
        watch, start = Watch(), time.monotonic()
        with open_database(folder / "days.db") as database:
            campaign = Campaign.create(database, with_spec(definition, spec), actor="bench")
            say(f"{hours:g} h of lab time")
            record = campaign.run(watch)
            states = Counter(row.state for row in database.experiments.all(record.id))
            found = verify(database)
            left = database.journal.open_intents(record.id)
    stuck = states[ExperimentState.RUNNING] + states[ExperimentState.PLANNED]
    part = max(len(watch.memory) // 10, 1)
    return {
        "ended": record.state.value,
        "reason": record.reason,
        "experiments": sum(states.values()),
        "states": {state.value: count for state, count in sorted(states.items())},
        "stuck": stuck,
        "open_actions": len(left),
        "memory_mib": [median(watch.memory[part : 2 * part]), median(watch.memory[-part:])],
        "handles": [max(watch.handles[part : 2 * part]), max(watch.handles[-part:])],
        "whole": found.whole,
        "seconds": round(time.monotonic() - start, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=72.0)
    parser.add_argument("--every", type=float, default=30.0, help="minutes between two faults")
    given = parser.parse_args()
    answer(measure(given.hours, given.every))


if __name__ == "__main__":
    main()
