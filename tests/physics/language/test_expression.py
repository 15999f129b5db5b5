"""Arithmetic in texts is read strictly."""

import math

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics.language.expression import Expression
from labloop.physics.language.known_values import check_dimension, sample_quantities


def test_arithmetic_is_calculated():
    """The usual precedence, on tensors as on numbers."""
    found = Expression("-a**2 / (b - 1) + exp(0)*2e0", "test")
    values = {"a": torch.tensor(3.0), "b": torch.tensor(4.0)}
    functions = {"exp": lambda v: torch.exp(torch.tensor(v))}
    assert float(found(values, functions)) == pytest.approx(-9 / 3 + 2)
    assert found.names == ("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "a.b",
        "a[0]",
        "lambda: 1",
        "a if b else c",
        "a ** 99",
        "a ** True",
        "print(a)",
        "exp(a, b)",
        "a; b",
        "a < b",
        "",
        "(" * 250 + "a",
        "a" * 1100,
        "True",
        "'text'",
    ],
)
def test_nothing_but_arithmetic_is_accepted(text):
    """Attributes, calls, conditions and long texts are refused."""
    with pytest.raises(PhysicsError, match=r"arithmetic|contains"):
        Expression(text, "test")


FUNCTIONS = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "pow": math.pow}
VALUES = {"k": 1.3, "A": 0.7, "n": 1.4, "K": 0.4, "B": 0.9}


@pytest.mark.parametrize(
    "text",
    [
        "k*A",
        "B - A",
        "k*A**0.5",
        "k*(A/2 mol/L )**n",
        "k*A/(K + A)*exp(-B*A)",
        "A**(-2)*B",
        "sqrt(A*B)/log(A)",
        "-A*B - B/A",
        "A**n*B**A",
        "(A + B)**3",
    ],
)
def test_the_derivative_is_that_of_differences(text):
    """By every rule: sums, products, quotients, powers that are whole, real and names."""
    expression = Expression(text, "test")
    slope = expression.derivative("A")
    ends = [expression({**VALUES, "A": VALUES["A"] + h}, FUNCTIONS) for h in (1e-6, -1e-6)]
    assert slope(VALUES, FUNCTIONS) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)
    assert expression.derivative("absent") is None


def test_a_quantity_stands_in_arithmetic_with_its_unit():
    """Read in SI, checked by its dimension, and no name."""
    found = Expression("y - 0.6 1/min * time", "test")
    assert found.names == ("y", "time")
    assert found({"y": 1.0, "time": 30.0}, FUNCTIONS) == pytest.approx(0.7)
    check_dimension(found, "1", sample_quantities({"y": "1", "time": "s"}))
    wrong = Expression("y - 0.6 1/min * time * time", "test")
    with pytest.raises(PhysicsError, match="has no meaning in units"):
        check_dimension(wrong, "1", sample_quantities({"y": "1", "time": "s"}))


def test_a_real_power_of_something_with_a_unit_is_refused():
    """The root of a concentration has no unit that a rate constant could be given in."""
    expression = Expression("k*A**n", "test")
    with pytest.raises(PhysicsError, match="has no meaning in units"):
        check_dimension(expression, "1", sample_quantities({"k": "1", "A": "mol/L", "n": "1"}))


@pytest.mark.parametrize("text", ["2 foo", "3 degC * x"])
def test_a_number_before_something_that_is_no_unit_is_refused(text):
    """And a unit whose zero is arbitrary is no factor."""
    with pytest.raises(PhysicsError, match="is no arithmetic"):
        Expression(text, "test")
