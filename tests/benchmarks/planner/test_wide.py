"""Wide boxes: their optima are what is said, and the figure counts what both have."""

import numpy as np
import pytest

from benchmarks.wide.figure import figures
from benchmarks.wide.problems import wide_problems


@pytest.mark.parametrize("name", list(wide_problems()))
def test_no_point_is_better_than_the_best(name):
    """Random points lie below, and each is a legal point of its space."""
    problem = wide_problems()[name]
    points = problem.space.sample(20, 3)
    assert max(problem.truth(problem.row(p)) for p in points) < problem.best


@pytest.mark.parametrize(
    ("name", "optimum"),
    [("ackley20", 1 / 3), ("levy20", 0.55), ("rosenbrock20", 0.4), ("styblinski25", 0.2096466)],
)
def test_the_best_is_reached_at_the_known_optimum(name, optimum):
    problem = wide_problems()[name]
    row = np.full(problem.size, optimum)
    assert problem.truth(row) == pytest.approx(problem.best, abs=1e-3)


def runs(regrets, seconds):
    return [{"seed": i, "trace": [1.0, r], "seconds": seconds} for i, r in enumerate(regrets)]


def test_a_figure_with_too_few_runs_is_a_miss_and_says_what_there_is():
    """Only common seeds of reporting problems count."""
    found = {
        "levy20": {"labloop": runs([0.1, 0.2], 5), "turbo": runs([0.2], 30)},
        "ackley20": {"labloop": runs([0.1], 5), "turbo": runs([0.01], 30)},
    }
    level, time = figures(found, "a command")
    assert not level.passed
    assert not time.passed
    assert level.measured.startswith("scaled not measured; 0.50 x turbo (levy20 0.50)")
    assert level.n == 1


def test_level_with_all_on_six_problems_is_a_pass():
    names = [n for n, p in wide_problems().items() if not p.tuned]
    methods = {
        "labloop": runs([0.1] * 3, 5),
        **{peer: runs([0.11] * 3, 80) for peer in ("scaled", "turbo", "saasbo")},
    }
    level, time = figures(dict.fromkeys(names, methods), "a command")
    assert level.passed
    assert time.passed
