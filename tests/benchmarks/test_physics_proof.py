"""The short version of the proof of what physics buys: its laboratories, draws and harness."""

import ast
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from benchmarks.physics import run as runs
from benchmarks.physics import summary, truth
from benchmarks.physics.beliefs import believe
from benchmarks.physics.draws import KINDS, Draw, draw
from benchmarks.physics.labs import AXES, LABS, VALUE
from benchmarks.physics.landmarks import landmarks
from benchmarks.physics.methods import METHODS, MISMATCHED, PLAIN
from benchmarks.physics.plot import write_plot
from labloop.physics import bind

POINTS = 64
AWAY = ("product", "waste", "peak")


def predicted(lab, drawn, points):
    """Return each output and curve of the physics with its prior medians."""
    model = believe(lab.name, drawn)
    rows = torch.as_tensor(lab.space.encode(points))
    bound = bind(model, lab.space)
    found = bound.predict_all(rows, torch.zeros(bound.dimension, dtype=torch.float64)).numpy()
    outputs = {name: found[:, i] for i, name in enumerate(model.outputs)}
    return outputs | {name: found[:, columns] for name, columns in bound.curve_columns.items()}


def expected(lab, drawn):
    """Return the value at some points by physics with its prior medians, and the truth."""
    points = lab.space.sample(POINTS, 5)
    return predicted(lab, drawn, points)[VALUE], lab.value(points)


def as_true(lab):
    """Return a draw without any error."""
    ligands = {}
    constants = truth.TRUE[lab.name]
    if "ligand" in lab.space.names:
        for name, (on_k1, on_k2) in truth.LIGAND_FACTORS.items():
            ligands[name] = (constants["k1"] * on_k1, constants["k2"] * on_k2)
    return Draw("good", constants, ligands)


def test_the_truth_shares_no_code_with_the_planner():
    """The hidden truth imports numpy and the standard library, nothing of labloop or torch."""
    tree = ast.parse(Path(truth.__file__).read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names == {"numpy", "numpy.typing", "collections.abc", "itertools", "typing"}


def test_three_labs_are_for_tuning_and_three_for_reporting():
    """Labs 1, 3, 5 tune, 2, 4, 6 report; together they have what laboratories have."""
    assert {lab.number for lab in LABS.values() if lab.group == "tune"} == {1, 3, 5}
    assert {lab.number for lab in LABS.values() if lab.group == "report"} == {2, 4, 6}
    assert [len(lab.space.names) for lab in LABS.values()] == [3, 4, 5, 4, 2, 8]
    measured = {name for lab in LABS.values() for name in lab.ideal(lab.space.sample(2, 0))}
    assert set(AXES) <= measured


@pytest.mark.parametrize("name", LABS)
def test_a_laboratory_answers_alike_twice(name):
    """The same point with the same noise gives the same outputs and curves."""
    lab = LABS[name]
    point = lab.space.sample(1, 3)[0]
    first, again = (lab.measure(point, np.random.default_rng(4)) for _ in range(2))
    assert first == again
    assert first[0][VALUE] != lab.measure(point, np.random.default_rng(5))[0][VALUE]


@pytest.mark.parametrize("name", LABS)
def test_physics_with_the_true_constants_is_the_truth(name):
    """Two implementations agree within the noise in nine of ten experiments, all that is measured.

    The exotherm's runs away at some points, where a planner's few steps cannot follow the peak.
    """
    lab = LABS[name]
    points = lab.space.sample(4 * POINTS, 5)
    true = lab.ideal(points)
    found = predicted(lab, as_true(lab), points)
    assert set(found) == set(true)
    for output, values in found.items():
        away = np.abs(values - true[output]) / lab.sd(output)
        assert np.median(away) < 0.25, output
        assert np.quantile(away, 0.75 if output == "peak" else 0.9) < 1.0, output


def test_the_vessel_is_integrated_as_by_lsoda():
    """The true exotherm against an adaptive solver: within half of the noise in nine of ten."""
    lab, c = LABS["exotherm"], truth.TRUE["exotherm"]
    points = [*lab.space.sample(24, 5), {"jacket": 14.15, "dosing_time": 50.27}]

    def rates(_, y, jacket, feed):
        a, b, p, _, t = y
        made = truth._arrhenius(c["k1"], c["E1"], t, 60.0) * a * b
        lost = truth._arrhenius(c["k2"], c["E2"], t, 80.0) * p
        boil = c["kv"] * 2.0 * np.logaddexp(0.0, (t - 92.0) / 2.0)
        warm = c["heat"] * (made + 0.6 * lost) - 12.0 * boil - c["cooling"] * (t - jacket)
        return [feed - made - boil * a, -made, made - lost, lost, warm]

    away = []
    for point, *mine in zip(points, *(lab.ideal(points)[n] for n in AWAY), strict=True):
        state, peak = [0.0, 1.05, 0.0, 0.0, point["jacket"]], point["jacket"]
        for end, feed in ((point["dosing_time"], 1.0 / point["dosing_time"]), (30.0, 0.0)):
            found = solve_ivp(
                rates, (0.0, end), state, "LSODA", args=(point["jacket"], feed),
                rtol=1e-7, atol=1e-9, max_step=end / 500,
            )  # fmt: skip
            state, peak = found.y[:, -1], max(peak, found.y[4].max())
        away.append(np.abs(np.array(mine) - [state[2], state[3], peak]))
    scaled = np.array(away) / [lab.sd(name) for name in AWAY]
    assert np.all(np.quantile(scaled, 0.9, axis=0) < 0.5)
    assert np.all(scaled < 5.0)


def test_nothing_is_made_of_nothing():
    """Product and waste of the exotherm are never negative, nor more than was dosed."""
    made = LABS["exotherm"].ideal(LABS["exotherm"].space.sample(2048, 1))
    assert min(made["product"].min(), made["waste"].min()) >= 0.0
    assert (made["product"] + made["waste"]).max() <= 1.0


@pytest.mark.parametrize("name", LABS)
def test_physics_as_drawn_differs_from_the_truth(name):
    """Good physics is near the truth, mismatched physics is not, in any lab."""
    lab = LABS[name]
    errors = {}
    for kind in KINDS:
        pairs = [expected(lab, draw(lab, seed, kind)) for seed in range(4)]
        errors[kind] = np.mean([np.abs(found - true).mean() for found, true in pairs])
        assert np.isfinite(errors[kind])
    assert errors["good"] < 0.5 * errors["mismatched"]
    assert errors["wrong"] > errors["good"]


@pytest.mark.parametrize("name", LABS)
def test_draws_follow_the_rule_written_before_any_run(name):
    """Constants are off by what the docstring says, one term is missing, and it is repeatable."""
    lab = LABS[name]
    for seed in range(20):
        good, off = draw(lab, seed, "good"), draw(lab, seed, "mismatched")
        assert off == draw(lab, seed, "mismatched")
        assert good.removed is None
        assert off.removed in lab.terms
        for constant, true in truth.TRUE[name].items():
            assert abs(good.values[constant] - true) <= 0.1 * true + 1e-12
            wrong = off.values[constant] / true
            assert wrong < 0.985 or wrong > 1.015
            assert 1 / 3 <= wrong <= 3


@pytest.mark.parametrize("name", ["coating", "enzyme"])
def test_score_is_one_at_the_optimum_and_zero_at_the_median(name):
    """No point of a fresh sample lies above the optimum that scores are measured by."""
    lab, found = LABS[name], landmarks(LABS[name])
    scores = [found.score(v) for v in lab.value(lab.space.sample(2000, 9))]
    assert max(scores) <= 1.0
    assert abs(float(np.median(scores))) < 0.1
    assert found.score(float(lab.value([found.point])[0])) == pytest.approx(1.0)


@pytest.mark.slow
def test_eleven_experiments_go_through_and_are_kept_once(tmp_path):
    """Runs with and without physics are a line each, found again; short ones count for alarms."""
    out = tmp_path / "runs.jsonl"
    lab = LABS["coating"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (MISMATCHED, PLAIN):
            runs.append(out, runs.campaign(lab, METHODS[name], 0, most=11))
    kept = runs.read(out)
    assert {key[1] for key in kept} == {MISMATCHED, PLAIN}
    first, second = kept.values()
    assert first["points"][:5] == second["points"][:5]
    assert [len(run["trace"]) for run in (first, second)] == [11, 11]
    assert [set(run["coverage"]) for run in (first, second)] == [{"10"}, {"10"}]
    assert first["drawn"]["removed"] in lab.terms
    low, high = first["predicted"][0]
    assert low < high
    write_plot(list(kept.values()), tmp_path / "plot.svg")
    assert "<polyline" in (tmp_path / "plot.svg").read_text(encoding="utf-8")
    together = summary.Runs(list(kept.values()))
    assert len(together.every) == 2
    assert f"| {MISMATCHED} | 1 |" not in summary.table(together)
    assert summary.figures(together) == []
    longer = [{**run, "trace": run["trace"] * 3} for run in kept.values()]
    together = summary.Runs(longer)
    assert f"| {MISMATCHED} | 1 |" in summary.table(together)
    named = [row["name"] for row in summary.figures(together)]
    assert named == ["regret-report", "coverage-report"]


def test_a_line_cut_short_and_one_of_other_labs_are_left_out(tmp_path):
    """Only whole lines that today's laboratories decided count as done."""
    out = tmp_path / "runs.jsonl"
    mine = {
        "lab": "snar",
        "method": "random",
        "seed": 0,
        "code": runs.code_of("snar", belief=False),
    }
    out.write_text(json.dumps(mine) + "\n" + json.dumps({**mine, "seed": 1, "code": "x"}) + '\n{"l')
    runs.append(out, {**mine, "seed": 2})
    assert sorted(key[2] for key in runs.read(out)) == [0, 2]


@pytest.mark.parametrize("kept", runs.DONE, ids=lambda path: path.stem)
def test_every_run_that_is_kept_still_counts(kept):
    """No lab, draw or belief has changed since: else its lines are to be run again, or dropped."""
    lines = kept.read_text(encoding="utf-8").splitlines()
    assert len(runs.read(kept)) == len(lines)


REPORTING = [name for name, lab in LABS.items() if lab.group == "report"]


def made(method, hit, after, alarms=((),) * 4):
    """Return runs of four seeds in every reporting lab with the given number of experiments."""
    return [
        made_run(lab, method, seed, hit, after, alarms[seed])
        for lab in REPORTING
        for seed in range(4)
    ]


def made_run(lab, method, seed, hit, after, alarms):
    """Return one run."""
    trace = [0.0] * (hit - 1) + [after] * (summary.LEAST + 60 - hit)
    return {
        "lab": lab,
        "group": LABS[lab].group,
        "method": method,
        "seed": seed,
        "hit": hit,
        "trace": trace,
        "alarms": list(alarms),
        "coverage": {"10": {"share": 0.9}},
        "measured": [0.5] * 11,
        "predicted": [[0.4, 0.6], [0.6, 0.7], None, [0.4, 0.6], [0.4, 0.6], [0.4, 0.6]],
        "planner": None,
        "seconds": [0.1],
    }


def test_figures_say_what_the_runs_say():
    """The ratio is that of restricted means against the best peer; alarms count when early."""
    late, early = [("physics-wrong", summary.EARLY + 1)], [("physics-wrong", summary.EARLY)]
    rows = [
        *made("physics", 10, 0.995),
        *made("botorch", 50, 0.98),
        *made("ax", 40, 0.98),
        *made("baybe", 45, 0.98),
        *made("no-physics", 20, 0.98),
        *made("random", 90, 0.98),
        *made("physics-good", 8, 0.99),
        *made("physics-wrong", 24, 0.9, [late, early, early, early]),
    ]
    found = {row["name"]: row for row in summary.figures(summary.Runs(rows))}
    assert found["faster-report"]["measured"] == "4.00 [4.00, 4.00]"
    assert found["faster-report"]["passed"]
    told = ", ".join(f"{lab} 4.00 (ax)" for lab in REPORTING)
    assert found["each-report"]["measured"] == told
    assert found["regret-report"]["passed"]
    assert not found["harmless-report"]["passed"]
    assert not found["worst-report"]["passed"]
    assert found["coverage-report"]["passed"]
    assert "when they came: 0.75 (6 to 10), 1.00 (11 to 25)" in found["coverage-report"]["measured"]
    assert "physics-wrong 75 % (ever 100 %)" in found["alarms-report"]["measured"]
    assert not found["alarms-report"]["passed"]
    for left_out in ("baybe", "physics-good"):
        fewer = [row for row in rows if (row["lab"], row["method"]) != ("coating", left_out)]
        found = {row["name"]: row for row in summary.figures(summary.Runs(fewer))}
        assert "runs still missing in coating" in found["faster-report"]["measured"]
        assert not any(row["passed"] for row in found.values())
