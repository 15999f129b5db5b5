"""What was tried is kept from round to round, and never differs from what is worked out anew."""

from dataclasses import replace

import numpy as np
import pytest

from labloop.brain.observations import evaluated_points
from labloop.records import Dataset, Observation
from labloop.space import Categorical, Continuous, SearchSpace


def space():
    return SearchSpace(Continuous("x", 0, 1), Categorical("c", ["a", "b", "d"]))


def observations(n):
    rng = np.random.default_rng(0)
    return [
        Observation(str(i), {"x": float(rng.random()), "c": "abd"[i % 3]}, {"y": 1.0})
        for i in range(n)
    ]


def grown(base):
    return [*base, Observation("new", {"x": 0.5, "c": "a"}, {"y": 2.0})]


def inserted(base):
    return [*base[:4], Observation("late", {"x": 0.25, "c": "b"}, {"y": 2.0}), *base[4:]]


def corrected(base):
    return [*base[:3], replace(base[3], point={"x": 0.75, "c": "d"}), *base[4:]]


def outside(base):
    return [*base[:2], replace(base[2], point={"x": 7.0, "c": "a"}), *base[3:]]


def missed(base):
    return [*base[:2], replace(base[2], asked={"x": 0.2, "c": "b"}), *base[3:]]


@pytest.mark.parametrize("change", [grown, inserted, corrected, outside, missed, lambda b: b[:5]])
def test_what_is_kept_equals_what_is_worked_out_anew(change):
    """However the results changed since the last round, nothing old is believed."""
    ours, base = space(), observations(10)
    evaluated_points(ours, Dataset(tuple(base)), ())
    pending = [{"x": 0.9, "c": "a"}]
    after = Dataset(tuple(change(base)))
    kept, anew = evaluated_points(ours, after, pending), evaluated_points(space(), after, pending)
    assert list(kept.points) == list(anew.points)
    assert np.array_equal(kept.encoded, anew.encoded)


def test_what_was_asked_for_and_missed_was_tried_as_well():
    """Another point was reached: both count, so that neither is asked for again."""
    points = evaluated_points(space(), Dataset(tuple(missed(observations(10)))), ()).points
    assert len(points) == 11
    assert {"x": 0.2, "c": "b"} in [dict(p) for p in points]


@pytest.mark.parametrize("n", [20, 700])
def test_distances_are_to_the_nearest(n):
    """The squared distance of a row is the least over everything tried, few or many."""
    found = evaluated_points(space(), Dataset(tuple(observations(n))), ())
    rows = np.random.default_rng(1).random((30, found.encoded.shape[1]))
    brute = ((rows[:, None, :] - found.encoded[None, :, :]) ** 2).sum(-1).min(1)
    assert np.allclose(found.distances(rows), brute, rtol=1e-12, atol=0)


def test_nothing_tried_is_infinitely_far():
    """Before the first experiment every row is open."""
    found = evaluated_points(space(), Dataset(), ())
    assert np.isinf(found.distances(np.zeros((3, found.encoded.shape[1])))).all()
