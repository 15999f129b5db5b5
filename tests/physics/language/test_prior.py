"""Priors mean what they say, and whitening goes there and back."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import PhysicsError, UnitError
from labloop.physics import PhysicsParameter, Prior, Whitening


def test_a_factor_is_one_standard_deviation_in_the_logarithm():
    """30 within a factor 2.7 is N(0, 1) in log space."""
    prior = Prior(30, "L/mol/min", fold=2.7)
    assert prior.natural(0.0) == pytest.approx(30)
    assert prior.natural(1.0) == pytest.approx(81)
    assert prior.natural(-2.0) == pytest.approx(30 / 2.7**2)


def test_si_values_carry_the_unit():
    """A rate constant in L/mol/min becomes m^3/mol/s, a temperature in degC becomes K."""
    parameters = (
        PhysicsParameter("k", Prior(30, "L/mol/min", fold=2.7)),
        PhysicsParameter("Ea", Prior(45, "kJ/mol", rel=0.3)),
        PhysicsParameter("T", Prior(60, "degC", sd=5)),
    )
    found = Whitening(parameters).si(torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64))
    assert found.tolist() == pytest.approx([30e-3 / 60, 45e3, 338.15])


@settings(max_examples=50, deadline=None)
@given(
    median=st.floats(1e-6, 1e6),
    fold=st.floats(1.01, 100),
    z=st.floats(-4, 4),
)
def test_whitening_goes_there_and_back(median, fold, z):
    """SI values of whitened values are whitened to the same."""
    whitening = Whitening((PhysicsParameter("k", Prior(median, "1/s", fold=fold)),))
    there = whitening.si(torch.tensor([z], dtype=torch.float64))
    assert float(whitening.white(there)[0]) == pytest.approx(z, abs=1e-6)


def test_gradients_stay_finite_beside_a_parameter_without_logarithm():
    """A normal parameter of large value does not overflow in the masked exponent."""
    parameters = (
        PhysicsParameter("big", Prior(1e5, "1", sd=10)),
        PhysicsParameter("k", Prior(1, "1", fold=2)),
    )
    z = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    Whitening(parameters).si(z).sum().backward()
    assert z.grad.tolist() == pytest.approx([10.0, math.log(2)])


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({}, "exactly one of"),
        ({"fold": 2, "sd": 1}, "exactly one of"),
        ({"fold": 1.0}, "fold above 1"),
        ({"rel": 0.0}, "rel above 0"),
        ({"sd": math.inf}, "sd above 0"),
    ],
)
def test_a_prior_without_one_width_is_refused(arguments, match):
    """The message says which widths there are."""
    with pytest.raises(PhysicsError, match=match):
        Prior(30, "1/s", **arguments)


def test_a_negative_median_needs_a_normal_prior():
    """A factor around a negative number means nothing."""
    with pytest.raises(PhysicsError, match="use sd="):
        Prior(-1, "1", fold=2)


def test_an_unknown_unit_is_refused():
    """The units are those of labloop.units."""
    with pytest.raises(UnitError, match="not known"):
        Prior(1, "furlong", fold=2)
