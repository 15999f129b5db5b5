"""A short version of the planner's figures: every problem and cliff can be run and judged."""

from dataclasses import replace

import pytest

from benchmarks import figures_planner
from benchmarks.planner import cliffs, constrained
from benchmarks.planner.constrained_problems import constrained_problems
from benchmarks.planner.constrained_tuning import tuning_problems
from benchmarks.planner.peer_figures import beside as compared

PROBLEMS = {**constrained_problems(), **tuning_problems()}


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_problems_are_what_they_say(name):
    """Constraints name what is measured, the best known is not beaten by a random search."""
    problem = PROBLEMS[name]
    measured = [problem.measure(point) for point in problem.space.sample(60, 5)]
    assert {c.output for c in problem.constraints} <= measured[0].keys()
    assert problem.regret(problem.best) == 0.0
    assert problem.regret(problem.ordinary) == pytest.approx(1.0)
    feasible = [m[problem.aim.output] for m in measured if problem.feasible(m)]
    assert all(problem.regret(value) > 0.0 for value in feasible)


def test_a_short_run_has_a_trace():
    """A few experiments of the smallest problem: regret never grows."""
    problem = replace(PROBLEMS["gramacy"], budget=6)
    made = constrained.carry_out(problem, "labloop", 0, until_near=False)
    assert len(made["trace"]) == 6
    assert list(made["trace"]) == sorted(made["trace"], reverse=True)


def test_a_short_cliff_counts_failures():
    """Five proposals of a cliff, told as failed and told as the worst value."""
    line = cliffs.cliffs()["line"]
    for worst in (False, True):
        failed, best = cliffs.run(line, 1, worst=worst, proposals=5)
        assert 0 <= failed <= 5
        assert best <= line.best


def test_a_figure_is_a_line(monkeypatch):
    """What the bench found becomes lines with a verdict."""
    found = {n: {"failed": [2, 3], "short": [0.0, 0.01]} for n in cliffs.cliffs()}
    monkeypatch.setattr(figures_planner, "module", lambda *_: (found, "a command"))
    failed, best = figures_planner.failures(tune=False)
    assert failed.passed
    assert best.passed
    assert "10 %" in failed.measured


def test_a_peer_with_few_runs_takes_no_seeds_from_the_others():
    """It is left out of the comparison of all, and named."""
    many = dict.fromkeys(range(8), 10)
    row = compared({"pool": {"labloop": many, "baybe": many, "ax": {0: 3}}}, "pool")
    assert row is not None
    assert (len(row.seeds), row.ratio) == (8, 1.0)
    assert row.words == "pool labloop 10.0, baybe 10.0 (n=8; left out: ax, n=1)"
