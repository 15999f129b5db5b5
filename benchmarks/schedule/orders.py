"""A lab of two ovens, one arm and one HPLC: one order against another, in the simulated lab.

The real procedures of twelve experiments are carried out three times with each seed: strictly first
come, first served; by the lab's own queue, which lets equal settings follow each other; and in the
order of the solver. Beside them stands the bound that the solver proves when it has ten times as
long: no order of these experiments ends sooner.

Usage: python -m benchmarks.schedule.orders [--seeds 10] [--experiments 12]
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any
from unittest.mock import patch

from benchmarks.loop._common import answer, say
from labloop.campaign import load_campaign
from labloop.campaign.definition import Definition, with_spec
from labloop.campaign.forecasting.simulated_run import simulate
from labloop.campaign.ordering import planner
from labloop.scheduling import Problem, Schedule, first_come, optimised

ORACLE = 10.0
"""Deterministic seconds of the solver for the bound."""
FOLDER = Path(__file__).parent / "two_ovens"


def definition(experiments: int, **given: Any) -> Definition:
    """Return the campaign of the bench with so many experiments, all in the lab together."""
    found = load_campaign(FOLDER)
    budget = replace(found.spec.budget, experiments=experiments)
    spec = replace(found.spec, batch=experiments, parallel=experiments, budget=budget, **given)
    return with_spec(found, spec)


@dataclass(slots=True)
class Plans:
    """The plans of one run: wall seconds of each, and the first problem."""

    seconds: list[float] = field(default_factory=list)
    first: Problem | None = None


@contextmanager
def planned_by(carry_out: Any) -> Iterator[Plans]:
    """Let campaigns plan by ``carry_out``; yield what is known of their plans."""
    plans = Plans()

    def timed(problem: Problem, **given: Any) -> Schedule:
        plans.first = plans.first or problem
        began = time.perf_counter()
        found: Schedule = carry_out(problem, **given)
        plans.seconds.append(time.perf_counter() - began)
        return found

    with patch.object(planner, "optimised", timed):
        yield plans


def main() -> None:
    """Carry out every order with each seed and print the hours as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--experiments", type=int, default=12)
    given = parser.parse_args()
    planned = definition(given.experiments, schedule="optimised")
    plain = definition(given.experiments)
    strict_hours, queue_hours, best_hours, bounds = [], [], [], []
    before, late = [], []
    for seed in range(given.seeds):
        with planned_by(lambda problem, **_: first_come(problem)):
            strict_hours.append(simulate(planned, seed).seconds / 3600)
        queue_hours.append(simulate(plain, seed).seconds / 3600)
        with planned_by(optimised) as plans:
            best_hours.append(simulate(planned, seed).seconds / 3600)
        before.append(plans.seconds[0])
        late += plans.seconds[1:]
        assert plans.first is not None  # noqa: S101 - it has planned
        bounds.append(optimised(plans.first, effort=ORACLE).bound / 3600)
        say(
            f"seed {seed}: strictly first come {strict_hours[-1]:.2f} h, queue "
            f"{queue_hours[-1]:.2f} h, planned {best_hours[-1]:.2f} h, no order below "
            f"{bounds[-1]:.2f} h, plans {', '.join(f'{each:.2f} s' for each in plans.seconds)}"
        )
    answer(
        {
            "seeds": given.seeds,
            "experiments": given.experiments,
            "strict": strict_hours,
            "queue": queue_hours,
            "planned": best_hours,
            "shorter": 1 - fmean(best_hours) / fmean(strict_hours),
            "shorter_than_queue": 1 - fmean(best_hours) / fmean(queue_hours),
            "least": min(1 - b / s for b, s in zip(best_hours, strict_hours, strict=True)),
            "bound": bounds,
            "possible": 1 - fmean(bounds) / fmean(strict_hours),
            "plans": len(before) + len(late),
            "longest_before": max(before),
            "replans": len(late),
            "longest_plan": max(late, default=0.0),
        }
    )


if __name__ == "__main__":
    main()
