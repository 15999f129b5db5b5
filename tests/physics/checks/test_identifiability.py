"""What the planned measurements can tell of each parameter."""

import pytest

from labloop.errors import PhysicsError
from labloop.physics import (
    Arrhenius,
    FunctionPhysics,
    Prior,
    Rate,
    identify,
    kinetics,
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
