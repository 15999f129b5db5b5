"""The short version of the proof in the further labs: their laws, draws and one short run."""

import ast
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from benchmarks.physics import run as runs
from benchmarks.physics.further import draws, summary, truth
from benchmarks.physics.further.beliefs import believe
from benchmarks.physics.further.labs import FURTHER
from benchmarks.physics.labs import VALUE
from benchmarks.physics.landmarks import landmarks
from benchmarks.physics.methods import METHODS
from benchmarks.physics.summary import Runs
from labloop.physics import bind

POINTS = 128


def predicted(lab, drawn, points):
    """Return each output and curve of the physics with its prior medians."""
    model = believe(lab.name, drawn)
    rows = torch.as_tensor(lab.space.encode(points))
    bound = bind(model, lab.space)
    found = bound.predict_all(rows, torch.zeros(bound.dimension, dtype=torch.float64)).numpy()
    outputs = {name: found[:, i] for i, name in enumerate(model.outputs)}
    return outputs | {name: found[:, columns] for name, columns in bound.curve_columns.items()}


def as_true(lab):
    """Return a draw without any error."""
    constants = truth.TRUE[lab.name]
    solvents = {}
    if "solvent" in lab.space.names:
        for name, (on_phi, on_kw) in truth.SOLVENT_FACTORS.items():
            solvents[name] = (constants["phi"] * on_phi, constants["kw"] * on_kw)
    return draws.Draw("good", constants, solvents)


def test_the_truth_shares_no_code_with_the_planner():
    """The hidden truth imports numpy and the first labs' integrator, nothing else."""
    tree = ast.parse(Path(truth.__file__).read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names == {"numpy", "benchmarks.physics.truth", "collections.abc"}


def test_four_labs_are_for_tuning_and_four_for_reporting():
    """Numbers go on where the first labs end; every constant of a lab is believed in some way."""
    assert [lab.number for lab in FURTHER.values()] == list(range(7, 15))
    assert sorted(lab.group for lab in FURTHER.values()) == ["report"] * 4 + ["tune"] * 4
    assert set(draws.MAIN) == set(FURTHER) == set(truth.TRUE)


@pytest.mark.parametrize("name", FURTHER)
def test_physics_with_the_true_constants_is_the_truth(name):
    """Two implementations agree: nine of ten values within a tenth of the lab's spread."""
    lab = FURTHER[name]
    points = lab.space.sample(POINTS, 5)
    true, found = lab.ideal(points), predicted(lab, as_true(lab), points)
    assert set(found) == set(true)
    for output, values in found.items():
        away = np.abs(values - true[output]) / true[output].std()
        assert np.quantile(away, 0.9) < 0.1, output


@pytest.mark.parametrize("name", FURTHER)
def test_each_kind_of_wrong_is_finite_and_wrong(name):
    """Good physics is nearer to the truth than mismatched physics and than any fault.

    An input that hardly matters may be left out for nothing.
    """
    lab = FURTHER[name]
    points = lab.space.sample(POINTS, 5)
    errors = {}
    for kind in draws.KINDS:
        away = []
        for seed in range(3):
            found = predicted(lab, draws.draw(lab, seed, kind), points)[VALUE]
            assert np.isfinite(found).all()
            away.append(np.abs(found - lab.value(points)).mean())
        errors[kind] = np.mean(away)
    good, without = errors.pop("good"), errors.pop("input")
    assert min(errors.values()) > good
    assert without > 0.5 * good


@pytest.mark.parametrize("name", FURTHER)
def test_draws_follow_the_rule_written_before_any_run(name):
    """Constants are off by what the docstring says, one term is missing, and it is repeatable."""
    lab = FURTHER[name]
    for seed in range(10):
        good, off = draws.draw(lab, seed, "good"), draws.draw(lab, seed, "mismatched")
        assert off == draws.draw(lab, seed, "mismatched")
        assert good.removed is None
        assert off.removed in lab.terms
        for constant, true in truth.TRUE[name].items():
            if constant in draws.DIFFERENCES:
                sd = draws.DIFFERENCES[constant]
                assert abs(good.values[constant] - true) <= 0.2 * sd
                assert 0.5 * sd <= abs(off.values[constant] - true) <= 1.2 * sd
                continue
            assert abs(good.values[constant] - true) <= 0.1 * true + 1e-12
            assert 1 / 3 - 1e-9 <= off.values[constant] / true <= 3
            assert abs(off.values[constant] / true - 1.0) > 0.19
        slip = draws.draw(lab, seed, "units").values[draws.MAIN[name][1]]
        assert not 0.05 < slip / truth.TRUE[name][draws.MAIN[name][1]] < 20.0


def test_the_hydrogenation_is_integrated_as_by_lsoda():
    """The truth against an adaptive solver, product and waste within half of the noise."""
    lab, c = FURTHER["merit"], truth.TRUE["merit"]
    points = lab.space.sample(16, 5)
    mine = lab.ideal(points)
    for i, x in enumerate(points):
        hot = [
            truth._hot(c[e], x["temperature"], 70.0) * c[k]
            for k, e in (("k1", "E1"), ("k2", "E2"), ("kd", "Ed"))
        ]
        root = np.sqrt(c["KH"] * x["pressure"])

        def rates(_, y, k1, k2, kd, gas, cat=x["catalyst"]):
            a, p, _, alive = y
            free = 1.0 + c["KA"] * a + c["KP"] * p
            r1 = k1 * cat * alive * gas * c["KA"] * a / free
            r2 = k2 * cat * alive * gas * c["KP"] * p / free
            return [-r1, r1 - r2, r2, -kd * alive]

        a0 = x["concentration"]
        found = solve_ivp(
            rates, (0.0, x["hours"]), [a0, 0.0, 0.0, 1.0], "LSODA",
            args=(*hot, root / (1.0 + root)), rtol=1e-8, atol=1e-10,
        )  # fmt: skip
        assert found.y[1, -1] / a0 == pytest.approx(mine["product"][i], abs=0.005)
        assert found.y[2, -1] / a0 == pytest.approx(mine["waste"][i], abs=0.005)


def test_a_short_run_with_a_fault_is_recorded(monkeypatch, tmp_path):
    """A run of seven experiments is one line, found again by lab, method, seed and code."""
    name = "photo"
    monkeypatch.setattr(runs, "LEAST", 7)
    out = tmp_path / "runs.jsonl"
    # Of no seed that is kept with the code: such a run would not be done again.
    seed = 9000
    runs.carry_out([name], ["physics-units"], range(seed, seed + 1), out, most=7)
    method = METHODS["physics-units"]
    (run,) = runs.read(out).values()
    assert runs.key_of(name, method, seed) in runs.read(out)
    assert run["drawn"]["fault"] == "units"
    assert len(run["trace"]) == 7
    assert landmarks(FURTHER[name]).share < 0.05
    assert summary.table(Runs([run], FURTHER)).count("###") == len(FURTHER)
    assert summary.figures(Runs([run], FURTHER)) == []
