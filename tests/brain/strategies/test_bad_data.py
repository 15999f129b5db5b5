"""Whatever was measured, and however the physics behaves, a proposal comes."""

import time

import numpy as np
import pytest
import torch

from labloop.brain import resolve_strategy
from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior
from labloop.records import Dataset, Observation
from labloop.space import Continuous, SearchSpace
from labloop.surrogates.solving import channels as _channels_module

SPACE = SearchSpace(Continuous("time", 0.1, 10, unit="s"), Continuous("heat", 0, 1))
OBJECTIVE = Objectives.of(Maximize("y"))
BOUNDED = 20.0
"""Seconds of CPU: far above what it takes, far below what nobody would wait for."""


def rise(x, theta):
    """Return an intermediate that comes and goes."""
    k = theta["k"] * (1 + 2 * x["heat"])
    return {"y": k / (k - 0.3) * (torch.exp(-0.3 * x["time"]) - torch.exp(-k * x["time"]))}


def physics(predict=rise):
    """Return a physics model of one constant."""
    return FunctionPhysics(predict, {"k": Prior(1.0, "1", fold=2)}, {"time": "s", "heat": "1"}, "y")


def measured(n=12, of=lambda point: np.sin(point["time"]) + point["heat"], points=None):
    """Return n experiments."""
    points = points or SPACE.sample(n, 0)
    return Dataset(
        tuple(Observation(f"e{i:04d}", p, {"y": float(of(p))}) for i, p in enumerate(points))
    )


def outlier(n=12):
    """Return experiments of which one is a hundred standard deviations off."""
    done = list(measured(n).observations)
    done[3] = Observation("e0003", done[3].point, {"y": 100.0})
    return Dataset(tuple(done))


CASES = {
    "all the same": lambda: measured(of=lambda _: 1.0),
    "all zero": lambda: measured(of=lambda _: 0.0),
    "one": lambda: measured(1),
    "one point again and again": lambda: measured(points=SPACE.sample(1, 0) * 8),
    "an outlier": outlier,
    "huge numbers": lambda: measured(of=lambda p: 1e12 * np.sin(p["time"])),
    "tiny numbers": lambda: measured(of=lambda p: 1e-12 * np.sin(p["time"])),
    "two thousand": lambda: measured(2000),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("given", [None, physics()], ids=["plain", "physics"])
def test_a_proposal_comes_in_bounded_time(case, given):
    """Legal and new, from data that no model likes."""
    data = CASES[case]()
    began = time.process_time()
    batch = resolve_strategy("auto", given).propose(SPACE, OBJECTIVE, data, [], 1, 3)
    assert time.process_time() - began < BOUNDED
    (proposal,) = batch.proposals
    assert SPACE.validate(proposal.point) == proposal.point
    assert proposal.point not in [o.point for o in data.observations]


def test_physics_that_fails_where_nobody_measured_does_not_stop_the_round():
    """It raises only for new points: the round goes on without it, and says so."""
    data = measured(of=lambda p: float(rise_of(p)))
    known = {round(float(o.point["time"]), 9) for o in data.observations}

    def picky(x, theta):
        if any(round(float(t), 9) not in known for t in x["time"].flatten()):
            raise ValueError("outside of my table")
        return rise(x, theta)

    batch = resolve_strategy("auto", physics(picky)).propose(SPACE, OBJECTIVE, data, [], 1, 3)
    assert len(batch.proposals) == 1
    (alarm,) = batch.alarms
    assert alarm.kind == "physics-failed"
    assert "outside of my table" in alarm.message


def test_physics_that_calculates_for_too_long_is_given_up(monkeypatch):
    """The laboratory does not wait for ever; the alarm says how much was calculated."""
    monkeypatch.setattr(_channels_module, "MOST_CPU_SECONDS", 0.3)

    def slow(x, theta):
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass
        return rise(x, theta)

    batch = resolve_strategy("auto", physics(slow)).propose(SPACE, OBJECTIVE, measured(), [], 1, 3)
    assert len(batch.proposals) == 1
    (alarm,) = batch.alarms
    assert "of CPU, more than the 0.3 s that a round gives it" in alarm.message


def test_time_that_only_passes_changes_no_proposal(monkeypatch):
    """A computer that slept, stood still or was busy meanwhile: the physics counts as before."""
    strategy = resolve_strategy("auto", physics())
    wanted = strategy.propose(SPACE, OBJECTIVE, measured(), [], 1, 3)
    slept = []

    def interrupted(x, theta):
        if not slept:
            slept.append(time.sleep(3.0))
        return rise(x, theta)

    monkeypatch.setattr(_channels_module, "MOST_CPU_SECONDS", 2.0)
    batch = resolve_strategy("auto", physics(interrupted)).propose(
        SPACE, OBJECTIVE, measured(), [], 1, 3
    )
    assert slept
    assert [p.point for p in batch.proposals] == [p.point for p in wanted.proposals]
    assert [a.kind for a in batch.alarms] == [a.kind for a in wanted.alarms]


def test_the_alarm_names_the_experiment_and_its_inputs():
    """Physics that is not finite at one experiment: which one, and what was set there."""
    data = measured()
    place = float(data.observations[4].point["time"])

    def holed(x, theta):
        value = rise(x, theta)["y"]
        return {"y": torch.where((x["time"] - place).abs() < 1e-6, torch.nan, value)}

    batch = resolve_strategy("auto", physics(holed)).propose(SPACE, OBJECTIVE, data, [], 1, 3)
    (alarm,) = batch.alarms
    assert f"not finite at the 5. result (time = {place:.4g}" in alarm.message
    assert "SI" not in alarm.message


def test_without_gradients_physics_still_counts():
    """A model that leaves torch on the way has no gradients; its numbers are enough."""

    def numpy_only(x, theta):
        k = np.asarray(theta["k"].detach()) * (1 + 2 * np.asarray(x["heat"].detach()))
        t = np.asarray(x["time"].detach())
        return {"y": torch.as_tensor(k / (k - 0.3) * (np.exp(-0.3 * t) - np.exp(-k * t)))}

    exact = measured(of=lambda p: float(rise_of(p)))
    batch = resolve_strategy("auto", physics(numpy_only)).propose(SPACE, OBJECTIVE, exact, [], 1, 3)
    assert batch.fit_report["weights"]["gp"] < 0.5


def rise_of(point):
    """Return the truth of the model at its prior."""
    x = {name: torch.tensor(float(value)) for name, value in point.items()}
    return rise(x, {"k": torch.tensor(1.0)})["y"]
