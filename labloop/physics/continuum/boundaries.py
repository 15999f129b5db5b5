"""What happens at the surfaces of a body: nothing, a held value, a flux, or a film of fluid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.continuum.finite_volumes import BoundaryFlux
from labloop.physics.language import Coefficient, CoefficientLike, Coefficients


@dataclass(frozen=True, slots=True)
class Insulated:
    """No flux; also the middle of a symmetric body."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The surface is held at a value."""

    value: CoefficientLike


@dataclass(frozen=True, slots=True)
class Flux:
    """A prescribed flux through the surface, per area and time; positive into the body."""

    inflow: CoefficientLike


@dataclass(frozen=True, slots=True)
class Convection:
    """The flux ``h (outside - surface)`` from a fluid at ``outside`` (Newton cooling, a film)."""

    h: CoefficientLike
    outside: CoefficientLike


Boundary: TypeAlias = Insulated | Fixed | Flux | Convection


@dataclass(frozen=True, slots=True)
class TransportUnits:
    """The SI units of one kind of transport."""

    kind: str
    value: str
    conductivity: str
    capacity: str
    film: str
    flux: str
    source: str


HEAT = TransportUnits("heat", "K", "W/m/K", "J/m^3/K", "W/m^2/K", "W/m^2", "W/m^3")
DIFFUSION = TransportUnits("diffusion", "mol/m^3", "m^2/s", "1", "m/s", "mol/m^2/s", "mol/m^3/s")


@dataclass(frozen=True, slots=True)
class BoundaryCoefficients:
    """The numbers of a boundary, where they come from; None of what it has not."""

    film: Coefficient | None = None
    outside: Coefficient | None = None
    inflow: Coefficient | None = None

    @property
    def insulated(self) -> bool:
        """Whether nothing passes."""
        return self.outside is None and self.inflow is None

    def flux(
        self,
        x: Mapping[str, Tensor],
        theta: Tensor,
        body: tuple[Tensor, Tensor, Tensor],
        cell: float,
    ) -> BoundaryFlux:
        """Return what flows in, in units of conductivity over length.

        Args:
            x: input -> SI values.
            theta: SI parameters ``[..., p]``.
            body: conductivity, length, and the value at the start (of the batch's shape), in SI.
            cell: width of a cell over the length.
        """
        k, length, start = body
        zero = torch.zeros_like(start)
        inflow = self.inflow.value(x, theta) * length / k if self.inflow else zero
        if self.outside is None:
            none = torch.zeros((), dtype=torch.float64)
            return BoundaryFlux(none, zero, inflow.expand(start.shape), zero)
        half = torch.tensor(2.0 / cell, dtype=torch.float64)
        outside = self.outside.value(x, theta) - start
        if self.film is None:
            return BoundaryFlux(half, outside, zero, zero + 1.0)
        film = self.film.value(x, theta) * length / k
        g = film * half / (film + half)
        return BoundaryFlux(
            g.expand(start.shape), outside, zero, (film / (film + half)).expand(start.shape)
        )


def boundary_coefficients(
    side: str, given: Boundary, units: TransportUnits, coefficients: Coefficients
) -> BoundaryCoefficients:
    """Return the numbers of the boundary at one ``side``, called ``inner`` or ``outer``.

    Raises:
        PhysicsError: no boundary, or a number of another dimension.
    """
    match given:
        case Insulated():
            return BoundaryCoefficients()
        case Fixed(value=value):
            return BoundaryCoefficients(
                outside=coefficients.add(f"{side}.value", value, units.value)
            )
        case Flux(inflow=inflow):
            return BoundaryCoefficients(
                inflow=coefficients.add(f"{side}.inflow", inflow, units.flux)
            )
        case Convection(h=h, outside=outside):
            film = coefficients.add(f"{side}.h", h, units.film)
            beyond = coefficients.add(f"{side}.outside", outside, units.value)
            return BoundaryCoefficients(film, beyond)
    raise PhysicsError(
        f"{side}= of {units.kind} {coefficients.model!r} must be Insulated(), Fixed(value), "
        f"Flux(inflow) or Convection(h, outside), got {given!r}"
    )
