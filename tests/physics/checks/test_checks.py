"""What the self-test says of numerics, amounts and what measurements can tell."""

import time

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import (
    Arrhenius,
    Band,
    CurveAxis,
    FunctionPhysics,
    Langmuir,
    Mean,
    Prior,
    Rate,
    absorption,
    check_physics,
    identify,
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


@pytest.mark.parametrize(
    ("value", "unit", "match"),
    [
        (-1.0, "mol/L", "y is -1 mol/L, a negative amount"),
        (float("nan"), "1", "y is nan"),
        (float("inf"), "1", "y is inf"),
    ],
)
def test_impossible_values_are_told_with_their_place(value, unit, match):
    """Negative concentrations, NaN, infinity."""
    model = line(lambda x, t: {"y": value + 0 * x["time"] * t["a"]}, {"a": K}, {"y": unit})
    finding = found(model, "values")
    assert not finding.holds
    assert match in finding.sentence
    assert "time = " in finding.sentence


def test_a_bad_point_of_a_curve_is_told_with_its_place():
    """The point of the axis is named."""
    axis = CurveAxis.even(400, 500, 3, "nm")
    model = FunctionPhysics(
        lambda x, t: {"s": x["time"].unsqueeze(-1) * torch.tensor([1.0, torch.nan, 1.0])},
        {},
        {"time": "s"},
        {"y": Mean("s")},
        curves={"s": axis},
    )
    assert "nan" in found(model, "values").sentence


def test_speed_is_told():
    """A sentence with seconds; more of it where a solve is slow."""
    assert speed(make().bind(SPACE), SPACE).sentence.startswith("1000 solves in one batch take")

    def slow(x, t):
        time.sleep(1.05 if len(x["time"]) >= 1000 else 0.0)
        return {"y": x["time"] * t["a"]}

    finding = speed(line(slow, {"a": K}).bind(SPACE), SPACE)
    assert finding.holds
    assert "take fewer steps" in finding.sentence


def test_a_parameter_that_measurements_tell_is_well_determined():
    """Twenty yields of one reaction with 2 % noise tell its constant to a few per cent."""
    (k,) = identify(make(), SPACE)
    assert (k.parameter, k.verdict, k.mixed_with) == ("k.k", "well", None)
    assert k.sentence.startswith("well determined (to ")
    assert k.relative == pytest.approx(3**k.width - 1)
    assert identify(make(), SPACE, noise=0.5)[0].width > k.width
    assert identify(make(), SPACE, n=200)[0].width < k.width


def test_what_no_output_depends_on_is_not_determined():
    """An activation energy at one temperature only, and a step that nobody sees."""
    law = Arrhenius("A -> P", k=K, Ea=Prior(50, "kJ/mol", rel=0.3), at="60 degC")
    cold = kinetics(
        feed={"A": "amount"}, time="time", temperature="60 degC", outputs={"y": "P / A0"}
    )(type("Cold", (), {"k": law}))
    k, energy = identify(cold, SPACE)
    assert k.verdict == "well"
    assert energy.verdict == "not at all"
    assert "no measured output depends on it" in energy.sentence


def test_parameters_that_act_alike_are_mixed_up():
    """Only the sum of two constants is seen."""
    model = line(
        lambda x, t: {"y": x["time"] / 3600 * (t["a"] + t["b"])},
        {"a": Prior(1, fold=2), "b": Prior(1, sd=0.5)},
    )
    a, b = identify(model, SPACE)
    assert (a.mixed_with, b.mixed_with) == ("b", "a")
    assert a.verdict in {"partly", "hardly"}
    assert "it is mixed up with b" in a.sentence
    assert b.relative is None


def test_only_what_is_measured_counts():
    """The yield of P says nothing of what becomes of it; Q does."""
    model = make({"a": "A / A0", "q": "Q / A0"}, k=Rate("A -> P", K), l=Rate("P -> Q", K))
    assert identify(model, SPACE, measured=["a"])[1].verdict == "not at all"
    assert identify(model, SPACE, measured=["a", "q"])[1].verdict == "well"
    with pytest.raises(PhysicsError, match="of which nothing is measured"):
        identify(model, SPACE, measured=["z"])


@pytest.mark.parametrize("wrong", [{"noise": 0.0}, {"noise": float("nan")}, {"n": 0}])
def test_senseless_questions_are_refused(wrong):
    """With a sentence."""
    with pytest.raises(PhysicsError, match="noise must be above 0"):
        identify(make(), SPACE, **wrong)
