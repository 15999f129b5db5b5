"""Steps in time are compared with a finer grid, and solves are timed."""

import time

from labloop.physics import (
    Band,
    CurveAxis,
    FunctionPhysics,
    Langmuir,
    Mean,
    Prior,
    Rate,
    absorption,
    check_physics,
    kinetics,
    speed,
)
from labloop.space import Continuous, SearchSpace

SPACE = SearchSpace(
    Continuous("time", 1, 60, unit="min", log=True),
    Continuous("temperature", 30, 90, unit="degC"),
    Continuous("amount", 0.05, 0.5, unit="mol/L"),
)
K = Prior(0.05, "1/min", fold=3)


def make(outputs=None, feed=None, **laws):
    """Return a model of the laws."""
    laws = laws or {"k": Rate("A -> P", k=K)}
    return kinetics(
        feed=feed or {"A": "amount"},
        time="time",
        temperature="temperature",
        outputs=outputs or {"y": "P / A0"},
    )(type("Toy", (), laws))


def line(predict, parameters, outputs=("y",)):
    """Return a function of the time."""
    return FunctionPhysics(predict, parameters, {"time": "s"}, outputs)


def found(model, name):
    """Return the finding of a name."""
    return next(f for f in check_physics(model, SPACE).findings if f.name == name)


def test_the_steps_of_an_ordinary_network_are_fine_enough():
    """The ratio of time scales and the error are told."""
    finding = found(make(k=Rate("A -> P", k=K), l=Rate("P -> Q", k=K)), "stiffness")
    assert finding.holds
    assert "20 steps are within" in finding.sentence
    assert "time scales differ by up to" in finding.sentence


def test_steps_that_are_too_coarse_are_found_and_the_number_needed_is_told():
    """A surface reaction that runs away at its end, in three steps."""
    law = Langmuir("A -> P", Prior(50, "1/min", fold=2), {"A": Prior(100, "L/mol", fold=2)}, 2)
    model = kinetics(feed={"A": "amount"}, time="time", outputs={"y": "P / A0"}, steps=3)(
        type("Coarse", (), {"k": law})
    )
    finding = found(model, "stiffness")
    assert not finding.holds
    assert "3 steps are within" in finding.sentence
    assert "steps=48" in finding.sentence


def test_steps_of_a_model_under_another_are_tested_too():
    """The reaction under a spectrum."""
    axis = CurveAxis.even(400, 500, 3, "nm", y_unit="AU")
    model = absorption(
        {"A": Band("450 nm", "50 nm", "1e3 L/mol/cm")},
        of=make(),
        axis=axis,
        outputs={"a": Mean("spectrum")},
    )
    assert found(model, "stiffness").holds


def test_speed_is_told():
    """A sentence with seconds; more of it where a solve is slow."""
    assert speed(make().bind(SPACE), SPACE).sentence.startswith("1000 solves in one batch take")

    def slow(x, t):
        time.sleep(1.05 if len(x["time"]) >= 1000 else 0.0)
        return {"y": x["time"] * t["a"]}

    finding = speed(line(slow, {"a": K}).bind(SPACE), SPACE)
    assert finding.holds
    assert "take fewer steps" in finding.sentence
