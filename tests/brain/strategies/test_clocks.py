"""What a clock says changes no proposal: neither a slow computer nor one that slept."""

import itertools
import time

import numpy as np
import pytest

from labloop.brain import resolve_strategy
from labloop.objectives import Maximize, Minimize, Objectives
from labloop.physics import Prior, Rate, kinetics
from labloop.records import Dataset, Observation
from labloop.space import Continuous, SearchSpace

SPACE = SearchSpace(Continuous("time", 0.1, 10, unit="min"), Continuous("amount", 0.1, 1, unit="M"))
ONE = Objectives.of(Maximize("y"))
TWO = Objectives.of([Maximize("y"), Minimize("left")])


@kinetics(feed={"A": "amount"}, time="time", outputs={"y": ("P", "mol/L"), "left": ("A", "mol/L")})
class Chain:
    """A -> P, and P -> Q beside it."""

    k1 = Rate("A -> P", k=Prior(0.5, "1/min", fold=2))
    k2 = Rate("P -> Q", k=Prior(0.1, "1/min", fold=2))


def measured():
    """Return nine experiments."""
    return Dataset(
        tuple(
            Observation(
                f"e{i:04d}",
                p,
                {
                    "y": float(p["amount"] * (1 - np.exp(-0.4 * p["time"]))),
                    "left": float(p["amount"] * np.exp(-0.5 * p["time"])),
                },
            )
            for i, p in enumerate(SPACE.sample(9, 0))
        )
    )


@pytest.mark.parametrize(
    ("name", "given", "objective"),
    [
        ("sobol", None, ONE),
        ("skopt", None, ONE),
        ("botorch", None, ONE),
        ("botorch", None, TWO),
        ("auto", None, ONE),
        ("auto", Chain, ONE),
        ("auto", Chain, TWO),
        ("hybrid", Chain, ONE),
    ],
    ids=str,
)
def test_hours_between_two_looks_at_a_clock_change_nothing(monkeypatch, name, given, objective):
    """Every clock of the wall jumps by three hours whenever somebody looks at it."""
    strategy = resolve_strategy(name, given)
    wanted = strategy.propose(SPACE, objective, measured(), [], 1, 4)
    with monkeypatch.context() as patch:
        for clock in ("perf_counter", "monotonic", "time"):
            hours = itertools.count(1e6, 3 * 3600.0)
            patch.setattr(time, clock, lambda hours=hours: next(hours))
        again = strategy.propose(SPACE, objective, measured(), [], 1, 4)
    assert [p.point for p in again.proposals] == [p.point for p in wanted.proposals]
    assert [a.kind for a in again.alarms] == [a.kind for a in wanted.alarms]
