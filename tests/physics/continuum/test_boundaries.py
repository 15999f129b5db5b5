"""Each boundary is one flux ``g (outside - u) + inflow``, with the conductance of film and cell."""

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import Convection, Fixed, Flux, Insulated
from labloop.physics.continuum.boundaries import HEAT, boundary_coefficients
from labloop.physics.language import Coefficients

K, LENGTH = torch.tensor(0.2).double(), torch.tensor(0.01).double()
START = torch.tensor([300.0, 320.0]).double()
CELL = 0.1


def flux(boundary):
    """Return the flux of a boundary of a slab at rest, and its numbers."""
    numbers = boundary_coefficients("outer", boundary, HEAT, Coefficients("toy"))
    return numbers.flux({}, torch.zeros(0).double(), (K, LENGTH, START), CELL), numbers


def test_nothing_passes_an_insulated_surface():
    """Nor is there anything outside."""
    found, numbers = flux(Insulated())
    assert numbers.insulated
    assert float(found.g) == 0.0
    assert found.drive.tolist() == [0.0, 0.0]


def test_a_held_surface_conducts_through_half_a_cell():
    """The surface lies at the value itself."""
    found, numbers = flux(Fixed("350 K"))
    assert not numbers.insulated
    assert float(found.g) == pytest.approx(2.0 / CELL)
    assert found.surface(torch.zeros(2).double(), CELL).tolist() == [50.0, 30.0]


def test_a_film_stands_in_series_with_half_a_cell():
    """Biot number 1.5: the conductances add as resistances do."""
    found, _ = flux(Convection("30 W/m^2/K", "350 K"))
    assert found.g.tolist() == pytest.approx([1.0 / (1.0 / 1.5 + CELL / 2.0)] * 2)
    assert found.outside.tolist() == [50.0, 30.0]


def test_a_flux_is_in_units_of_conductivity_over_length():
    """100 W/m^2 through a centimetre of 0.2 W/m/K is 5 K."""
    found, _ = flux(Flux("100 W/m^2"))
    assert found.inflow.tolist() == pytest.approx([5.0, 5.0])
    assert float(found.g) == 0.0


def test_anything_else_is_refused():
    """With the four that there are."""
    with pytest.raises(PhysicsError, match=r"outer= of heat 'toy' must be Insulated\(\), Fixed"):
        flux("350 K")
