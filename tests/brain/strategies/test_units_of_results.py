"""No unit is a small one: results, offsets and inputs of any size are planned for alike."""

import numpy as np
import pytest

from labloop.brain import resolve_strategy
from labloop.errors import BrainError
from labloop.objectives import Maximize, Minimize, Objectives, Target
from labloop.records import Dataset, Observation
from labloop.space import Continuous, Pool, SearchSpace

PLACES = [(0.1, 0.1), (0.9, 0.2), (0.5, 0.5), (0.2, 0.8), (0.7, 0.9), (0.4, 0.3)]
GRID = [i / 10 for i in range(11)]


def box(scale=1.0, low=0.0):
    return SearchSpace(Continuous("x", low, low + scale), Continuous("z", 0, 1))


SHELF = SearchSpace(
    Pool({"x": [v for v in GRID for _ in GRID], "z": GRID * len(GRID)}, {"x": "1", "z": "1"})
)


def hill(x, z):
    return -((x - 0.3) ** 2) - (z - 0.6) ** 2


def results(scale=1.0, offset=0.0, *, f=hill, wide=1.0, low=0.0):
    return Dataset(
        tuple(
            Observation(
                f"e{i}",
                {"x": low + wide * x, "z": z},
                {"y": offset + scale * f(x, z), "c": offset + scale * (x + z)},
            )
            for i, (x, z) in enumerate(PLACES)
        )
    )


def asked(data, aims, space=None, strategy="auto"):
    wanted = Objectives.of(aims)
    found = resolve_strategy(strategy).propose(space or box(), wanted, data, (), 1, 3)
    return found.proposals[0]


def aims_of(kind, scale=1.0):
    return {
        "one": Maximize("y"),
        "target": Target("y", -0.1 * scale, 0.02 * scale),
        "two": [Maximize("y"), Minimize("c")],
        "thresholds": [Maximize("y", -0.3 * scale), Minimize("c", 1.0 * scale)],
    }[kind]


@pytest.mark.parametrize("kind", ["one", "target", "two", "thresholds"])
def test_powers_of_two_change_no_bit(kind):
    """What scales without rounding gives the same point and the same prediction to the bit."""
    base = asked(results(), aims_of(kind))
    for scale in (2.0**-40, 2.0**30):
        made = asked(results(scale), aims_of(kind, scale))
        assert made.point == base.point
        for name, told in made.predicted.items():
            assert told.mean == base.predicted[name].mean * scale
            assert told.sd == base.predicted[name].sd * scale


@pytest.mark.parametrize("kind", ["one", "two"])
@pytest.mark.parametrize("scale", [1e-12, 1e9])
def test_the_unit_of_the_results_changes_nothing(kind, scale):
    """Amperes or picoamperes: the same point, the same prediction in the other unit."""
    base, made = (asked(results(s), aims_of(kind, s), SHELF) for s in (1.0, scale))
    assert made.point == base.point
    assert made.predicted["y"].mean / scale == pytest.approx(base.predicted["y"].mean, rel=1e-6)
    assert made.predicted["y"].sd / scale == pytest.approx(base.predicted["y"].sd, rel=1e-6)


def test_scikit_optimize_has_no_unit_either():
    """What it adds to an improvement is a share of the spread."""
    base = asked(results(), Maximize("y"), strategy="skopt")
    assert asked(results(2.0**-40), Maximize("y"), strategy="skopt").point == base.point


def test_an_offset_changes_nothing_as_far_as_numbers_reach():
    """Small differences on a great number are differences."""
    base = asked(results(), Maximize("y"), SHELF)
    made = asked(results(1e-6, 1000.0), Maximize("y"), SHELF)
    assert made.point == base.point
    assert (made.predicted["y"].mean - 1000) / 1e-6 == pytest.approx(
        base.predicted["y"].mean, abs=1e-3
    )


def test_the_unit_of_an_input_changes_nothing():
    """A range of 2e-12 far from zero is a range; no proposal is taken for one that was tried."""
    base = asked(results(), Maximize("y"))
    small = asked(results(wide=2.0**-40), Maximize("y"), box(2.0**-40))
    assert small.point["x"] == base.point["x"] * 2.0**-40
    low, wide = 2.0**20, 2.0**-12
    far = asked(results(wide=wide, low=low), Maximize("y"), box(wide, low))
    assert (far.point["x"] - low) / wide == pytest.approx(base.point["x"], abs=1e-4)


@pytest.mark.parametrize("value", [0.0, 3e-12, 5e9])
def test_results_that_are_all_alike_are_uncertain_by_their_own_size(value):
    """Nothing says how far results differ, so their size does."""
    alike = results(0.0, value)
    made, base = asked(alike, Maximize("y"), SHELF), asked(results(0.0, 1.0), Maximize("y"), SHELF)
    assert made.point == base.point
    size = value or 1.0
    assert made.predicted["y"].sd / size == pytest.approx(base.predicted["y"].sd, rel=1e-9)
    assert np.isfinite(made.acquisition_value)


@pytest.mark.parametrize("kind", ["one", "target", "two", "thresholds"])
@pytest.mark.parametrize("size", [1e-300, 5e-324, 1e-139, 1e139])
@pytest.mark.parametrize("f", [hill, lambda x, z: 1.0], ids=["hill", "all alike"])
def test_results_whose_squares_are_no_numbers_are_planned_for(kind, size, f):
    """What underflowed is next to nothing, and the next proposal comes with numbers."""
    proposal = asked(results(size, f=f), aims_of(kind))
    assert np.isfinite([p.mean for p in proposal.predicted.values()]).all()


def test_results_too_large_to_be_squared_are_told_in_a_sentence():
    """The output is named, and what to do."""
    with pytest.raises(BrainError, match=r"a result of 'y' has the size .*another unit"):
        asked(results(1e155), Maximize("y"))
