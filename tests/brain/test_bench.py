"""The bench compares like with like, keeps every proposal and can be taken up again."""

import csv

import pytest

from labloop.brain import RandomStrategy, SobolStrategy
from labloop.errors import BrainError
from labloop.testing.strategies import (
    builtin_problems,
    median_ratio,
    paired_hits,
    pool_problem,
    read_runs,
    restricted_median,
    run_bench,
    run_once,
    summarise,
    wilson,
    write_csv,
    write_plot,
)

BEST = {
    "branin": ({"x1": 3.14159265, "x2": 2.275}, -0.397887),
    "ackley5": ({f"x{i}": 0.0 for i in range(1, 6)}, 0.0),
    "hartmann6": (
        dict(
            zip(
                [f"x{i}" for i in range(1, 7)],
                [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573],
                strict=True,
            )
        ),
        3.32237,
    ),
}


@pytest.mark.parametrize("name", BEST)
def test_functions_have_their_published_optimum(name):
    point, best = BEST[name]
    problem = builtin_problems()[name]
    assert problem.truth(problem.space.validate(point)) == pytest.approx(best, abs=1e-4)
    others = sorted(problem.truth(p) for p in problem.space.sample(512, seed=1))
    assert others[-1] < best
    # 80 to 95 % of the way from the median of the space to the optimum.
    share = (problem.target - others[256]) / (best - others[256])
    assert 0.8 < share < 0.96


def test_noise_is_part_of_the_measurement_and_not_of_the_truth():
    problem = builtin_problems()["hartmann6-noisy"]
    point = problem.space.sample(1, seed=1)[0]
    assert problem.measure(point, 5) == problem.measure(point, 5)
    assert problem.measure(point, 5) != problem.measure(point, 6)
    assert problem.truth(point) == builtin_problems()["hartmann6"].truth(point)


def small(batch=2):
    rows = [{"dye": dye, "dose": float(dose)} for dye in "pqr" for dose in (1, 2, 5)]
    values = [i * 1.0 for i in range(9)]
    return pool_problem("small", rows, values, batch=batch, budget=8, start=3)


def test_a_complete_table_is_a_grid_and_any_other_a_pool():
    assert small().space.kind == "product"
    rows = [{"dye": "p", "dose": 1.0}, {"dye": "q", "dose": 2.0}, {"dye": "q", "dose": 3.0}]
    problem = pool_problem("odd", rows, [1.0, 2.0, 3.0])
    assert problem.space.kind == "pool"
    assert problem.truth({"dye": "q", "dose": 3.0}) == 3.0
    assert problem.target == 3.0


def test_all_methods_start_from_the_same_points():
    runs = [
        run_once(small(), name, strategy, seed)
        for seed in (0, 1)
        for name, strategy in (("sobol", SobolStrategy()), ("random", RandomStrategy()))
    ]
    assert runs[0].points[:3] == runs[1].points[:3]
    assert runs[0].points[:3] != runs[2].points[:3]
    assert all(len(run.points) == 8 for run in runs)
    assert all(run.truths[run.hit - 1] >= 8.0 for run in runs if run.hit)


def test_a_bench_is_taken_up_where_it_was_left(tmp_path):
    asked = []

    def make():
        asked.append(1)
        return SobolStrategy()

    first = run_bench([small()], {"sobol": make}, range(2), tmp_path)
    assert len(asked) == 2
    path = tmp_path / "small--sobol.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + '{"problem": "sm', encoding="utf-8")
    again = run_bench([small()], {"sobol": make}, range(3), tmp_path)
    assert len(asked) == 3
    assert again[:2] == first
    assert len(read_runs(tmp_path)) == 3


def test_every_proposal_is_in_the_table(tmp_path):
    runs = run_bench([small()], {"random": RandomStrategy}, range(2), tmp_path)
    write_csv(runs, tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 16
    best = [float(r["best_so_far"]) for r in rows if r["seed"] == "0"]
    assert best == sorted(best)


def test_the_plot_is_one_page_that_needs_no_network(tmp_path):
    runs = run_bench([small()], {"random": RandomStrategy}, range(2), tmp_path)
    write_plot(runs, tmp_path / "plot.html")
    page = (tmp_path / "plot.html").read_text(encoding="utf-8")
    assert "small" in page
    assert 'src="http' not in page


def test_a_summary_counts_misses_as_one_more_than_the_budget():
    assert restricted_median([3, None, None], 50) == 51
    (line,) = summarise([run_once(small(), "random", RandomStrategy(), 0)])
    assert (line.problem, line.method, line.runs) == ("small", "random", 1)
    assert line.hit_low <= line.hit_rate <= line.hit_high


def test_wilson_gives_the_published_interval():
    low, high = wilson(9, 10, z=1.959964)
    assert (low, high) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_ratio_of_paired_medians_has_an_interval_around_it():
    ours, theirs = list(range(10, 40)), list(range(20, 80, 2))
    ratio, low, high = median_ratio(ours, theirs)
    assert ratio == pytest.approx(24.5 / 49.0)
    assert low <= ratio <= high
    assert median_ratio(ours, theirs) == (ratio, low, high)


def test_what_was_never_run_is_said():
    with pytest.raises(BrainError, match="run the bench first"):
        paired_hits([], "small", "sobol")
