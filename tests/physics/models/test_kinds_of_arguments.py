"""Whatever kind of thing an author hands to a block of physics is refused in a sentence."""

import math

import pytest

from labloop.errors import LabloopError, PhysicsError
from labloop.physics import (
    CurveAxis,
    Equilibrium,
    Fixed,
    FunctionPhysics,
    Prior,
    Rate,
    algebraic,
    diffusion,
    equilibrium,
    kinetics,
    multilayer,
    with_priors,
    with_value,
)

KINDS = [5, "x", [1], {"a": None}, object(), math.nan, True]
K = Prior(0.1, "1/min", fold=3)


def function(**given):
    """Return physics of a function of which one argument is something else."""
    usual = {"parameters": {"k": K}, "inputs": {"minutes": "min"}, "outputs": ["y"]}
    return FunctionPhysics(lambda x, theta: {"y": x["minutes"]}, **{**usual, **given})


def decay(**given):
    """Return kinetics of which one argument is something else."""
    usual = {"feed": {"A": "amount"}, "time": "minutes", "outputs": {"y": "P / A0"}}
    return kinetics(**{**usual, **given})(type("Decay", (), {"k": Rate("A -> P", k=K)}))


MADE = {
    "parameters": lambda it: function(parameters=it),
    "inputs": lambda it: function(inputs=it),
    "curves of a function": lambda it: function(curves=it),
    "median": lambda it: Prior(it if it != 5 else None, fold=2),
    "unit": lambda it: Prior(1, it, fold=2),
    "feed": lambda it: decay(feed=it),
    "outputs": lambda it: decay(outputs=it),
    "units": lambda it: decay(units=it),
    "curves": lambda it: decay(curves=it),
    "lookup": lambda it: decay(lookup=it),
    "reactor": lambda it: decay(reactor=it),
    "constants": lambda it: algebraic({"y": "k"}, constants=it),
    "value": lambda it: with_value(function(), it),
    "one value": lambda it: with_value(function(), {"m": 5 if it == "x" else it}),
    "priors": lambda it: with_priors(function(), it),
    "axis": lambda it: CurveAxis(it, "nm"),
    "begin of an axis": lambda it: CurveAxis.even(it if it != 5 else None, 800, 3, "nm"),
    "layers": lambda it: multilayer(
        it, substrate=1.5, axis=CurveAxis((4.0, 5.0), "nm"), curves={}, outputs={}
    ),
    "feed of an equilibrium": lambda it: equilibrium(feed=it, outputs={"y": "A"})(
        type("Acid", (), {"K": Equilibrium("A <-> B", K=Prior(1, fold=2))})
    ),
    "outputs of diffusion": lambda it: diffusion(
        length="1 mm",
        time="minutes",
        start="2 mol/L",
        diffusivity="1e-9 m^2/s",
        outer=Fixed("0 mol/L"),
        outputs=it,
    ),
}


@pytest.mark.parametrize("made", MADE)
def test_another_kind_is_refused_where_it_is_written(made):
    """No AttributeError of Python from within."""
    for it in KINDS:
        with pytest.raises(LabloopError):
            MADE[made](it)


def test_a_list_of_inputs_says_how_they_are_written():
    """The commonest one: names without their units."""
    words = r"inputs= of physics '.*' is written as \{'minutes': 'min'\}, got \['minutes'\]"
    with pytest.raises(PhysicsError, match=words):
        function(inputs=["minutes"])
    with pytest.raises(PhysicsError, match="plain number, got '30 1/min'; its unit stands behind"):
        Prior("30 1/min", fold=3)
