"""What the chain costs: experiments a second with and without it, by turns in one run.

Usage: python -m benchmarks.durability.chain_cost [--rounds 6] [--experiments 150]

A campaign of one pump, six actions an experiment, in simulated time, with commits that reach the
disk; in every other round nothing is linked. The middle of the paired ratios is what counts, by
wall time and by processor time. Prints one JSON line.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.loop._common import answer, say
from benchmarks.loop.own_cost import CAMPAIGN, LAB
from labloop.campaign import Campaign, PlainHooks, load_campaign
from labloop.store import open_database
from labloop.store.engine.statements import Session


@contextmanager
def unlinked() -> Iterator[None]:
    """Link nothing while the block lasts."""
    link = Session.link

    def nothing(*_: Any, **__: Any) -> None:
        """Do nothing; without links there is nothing to be sealed."""

    Session.link = nothing  # type: ignore[method-assign]  # for this block
    try:
        yield
    finally:
        Session.link = link  # type: ignore[method-assign]  # as it was


def once(experiments: int) -> tuple[float, float]:
    """Run one campaign; return experiments per second of wall and of processor time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = CAMPAIGN.replace("EXPERIMENTS", str(experiments))
        (folder / "campaign.py").write_text(text, encoding="utf-8")
        (folder / "lab.toml").write_text(LAB, encoding="utf-8")
        with open_database(folder / "cost.db") as database:
            definition = load_campaign(folder / "campaign.py")
            campaign = Campaign.create(database, definition, actor="bench")
            wall, cpu = time.perf_counter(), time.process_time()
            campaign.run(PlainHooks())
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return experiments / wall, experiments / cpu


def measure(rounds: int, experiments: int) -> dict[str, object]:
    """Run by turns and return the middle of both, and of their ratios."""
    once(20)
    pairs = []
    for number in range(rounds):
        with_chain = once(experiments)
        with unlinked():
            without = once(experiments)
        pairs.append((with_chain, without))
        say(f"{number + 1} of {rounds}: {with_chain[0]:.1f} and {without[0]:.1f} a second")
    return {
        "n": rounds * experiments,
        "with": statistics.median(chained[0] for chained, _ in pairs),
        "without": statistics.median(bare[0] for _, bare in pairs),
        "ratio": statistics.median(chained[0] / bare[0] for chained, bare in pairs),
        "cpu_ratio": statistics.median(chained[1] / bare[1] for chained, bare in pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--experiments", type=int, default=150)
    given = parser.parse_args()
    answer(measure(given.rounds, given.experiments))


if __name__ == "__main__":
    main()
