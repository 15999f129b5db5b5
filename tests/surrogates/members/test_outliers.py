"""A spoilt result must not hide what the others tell."""

import numpy as np
import pytest

from labloop.brain import Brain
from labloop.objectives import Maximize, Minimize
from labloop.space import Continuous, SearchSpace
from labloop.surrogates.members.output_gp import fit_output
from labloop.surrogates.numerics import build_kernel

SPACE = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
KERNELS = [build_kernel("matern", SPACE.features)]
X = np.random.default_rng(0).random((16, 2))
HILL = 1 - ((X - 0.4) ** 2).sum(1)


def fitted(y, sign=1.0):
    return fit_output(KERNELS, X, y, np.zeros(len(y)), sign)


@pytest.mark.parametrize("size", [5.0, 100.0, 1e6])
def test_one_spoilt_result_is_told_and_changes_little(size):
    """However bad it is, the noise stays that of the others, and the value is named."""
    y = HILL.copy()
    y[5] = -size
    found, clean = fitted(y), fitted(HILL)
    assert found.doubted == (-size,)
    assert found.sd == pytest.approx(clean.sd, rel=0.2)
    assert found.gp.hyper.noise < 0.01


def test_the_bad_side_of_an_aim_that_is_minimised():
    """A cost of 1e6 among costs of about one."""
    y = -HILL
    y[5] = 1e6
    assert fitted(y, sign=-1.0).doubted == (1e6,)
    assert fitted(y, sign=0.0).doubted == ()


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_sound_results_are_all_believed(noise):
    """A hill, a hill under noise, and a result that is far better than all others."""
    y = HILL + noise * np.random.default_rng(1).standard_normal(len(HILL))
    assert fitted(y).doubted == ()
    y[5] = 30.0
    assert fitted(y).doubted == ()


@pytest.mark.parametrize("aim", [Maximize("y"), Minimize("y")], ids=["maximised", "minimised"])
def test_a_search_goes_on_after_a_spoilt_result(aim):
    """The optimum is found as if it had not been there, and the report names the value."""
    sign = 1.0 if isinstance(aim, Maximize) else -1.0
    brain = Brain(SPACE, aim, seed=2)
    for k in range(13):
        ((number, proposal),) = brain.ask()
        a, b = proposal.point["a"], proposal.point["b"]
        value = 1 - (a - 0.3) ** 2 - (b - 0.7) ** 2
        brain.tell(number, {"y": sign * (-1e6 if k == 6 else value)})
    assert sign * brain.best().outputs["y"] > 0.999
    assert brain.last.fit_report["outputs"]["y"]["doubted"] == [-1e6 * sign]
    (alarm,) = brain.last.alarms
    assert alarm.kind == "result-doubted"
    assert f"y = {-1e6 * sign:.4g}: far worse" in alarm.message
