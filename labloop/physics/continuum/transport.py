"""Heat and diffusion in one dimension: slabs, cylinders, spheres with sources and boundaries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.continuum.boundaries import (
    DIFFUSION,
    HEAT,
    Boundary,
    Insulated,
    TransportUnits,
    boundary_coefficients,
)
from labloop.physics.continuum.finite_volumes import BoundaryFlux, Grid, TransportSolution
from labloop.physics.language import (
    By,
    CoefficientLike,
    Coefficients,
    Course,
    broadcast_shape,
)
from labloop.physics.models import BuildingBlock, Outputs

Shape: TypeAlias = Literal["slab", "cylinder", "sphere"]
_EXPONENT: Mapping[str, int] = {"slab": 0, "cylinder": 1, "sphere": 2}
_FEWEST, _MOST = 4, 200
_INSULATED = Insulated()


@dataclass(frozen=True, slots=True)
class Pulse:
    """A source spread evenly through the body: ``rate`` per volume, on for ``over``.

    Without ``over`` it is always on.
    """

    rate: CoefficientLike
    over: CoefficientLike | None = None


class Transport(BuildingBlock):
    """A :class:`~labloop.physics.PhysicsModel` of heat or diffusion; see :func:`heat`."""

    check_first = "its surfaces, its source, its properties and their units"

    def __init__(
        self,
        name: str,
        units: TransportUnits,
        *,
        shape: Shape,
        length: CoefficientLike,
        time: CoefficientLike,
        start: CoefficientLike,
        conductivity: CoefficientLike,
        capacity: CoefficientLike,
        inner: Boundary,
        outer: Boundary,
        source: Pulse | None,
        outputs: Outputs,
        curves: Mapping[str, Course] | None,
        cells: int,
        lookup: Mapping[str, By] | None,
    ) -> None:
        self._check(units.kind, name, shape, inner, cells)
        self._units = units
        self._grid = Grid(cells, _EXPONENT[shape])
        coefficients = Coefficients(name, lookup)
        self._length = coefficients.add("length", length, "m")
        self._time = coefficients.add("time", time, "s")
        self._start = coefficients.add("start", start, units.value)
        label = "conductivity" if units is HEAT else "diffusivity"
        self._conductivity = coefficients.add(label, conductivity, units.conductivity)
        self._capacity = coefficients.add("capacity", capacity, units.capacity)
        self._boundaries = (
            boundary_coefficients("inner", inner, units, coefficients),
            boundary_coefficients("outer", outer, units, coefficients),
        )
        self._rate = self._over = None
        if source is not None:
            self._rate = coefficients.add("source", source.rate, units.source)
            if source.over is not None:
                self._over = coefficients.add("source.over", source.over, "s")
        quantities = dict.fromkeys(("inner", "outer", "mean", "peak", "start"), units.value)
        super().__init__(units.kind, name, coefficients, quantities, outputs, courses=curves)

    @staticmethod
    def _check(kind: str, name: str, shape: str, inner: Boundary, cells: int) -> None:
        if shape not in _EXPONENT:
            raise PhysicsError(
                f"the shape of {kind} {name!r} is 'slab', 'cylinder' or 'sphere', got {shape!r}"
            )
        if shape != "slab" and not isinstance(inner, Insulated):
            raise PhysicsError(
                f"{kind} {name!r} in a {shape} has its middle inside, where nothing can be held; "
                "leave inner= out"
            )
        if not isinstance(cells, int) or not _FEWEST <= cells <= _MOST:
            raise PhysicsError(f"cells must be a whole number from 4 to 200, got {cells!r}")

    def _example(self) -> str:
        return "mean"

    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return quantity -> SI values ``[...]`` and curve -> values ``[..., n]``."""
        end = self._time.value(x, theta)
        curves = {}
        longer = {name: value.unsqueeze(-1) for name, value in x.items()}
        for label, axis in self.curves.items():
            times = torch.minimum(axis.si(), end.unsqueeze(-1))
            values = self._at_times(longer, theta.unsqueeze(-2), times)
            curves[label] = self._course(label, {**longer, **values})
        return self._at_times(x, theta, end), curves

    def _at_times(self, x: Mapping[str, Tensor], theta: Tensor, time: Tensor) -> dict[str, Tensor]:
        solution, start, boundaries = self._solution(x, theta, time)
        u = solution.cells
        surfaces = []
        for boundary, given, near, next_ in (
            (boundaries[0], self._boundaries[0], u[..., 0], u[..., 1]),
            (boundaries[1], self._boundaries[1], u[..., -1], u[..., -2]),
        ):
            # Without a flux the profile is flat there: a parabola through the two last cells.
            flat = (9.0 * near - next_) / 8.0
            here = boundary.surface(near, self._grid.width)
            surfaces.append(start + (flat if given.insulated else here))
        return {
            "inner": surfaces[0],
            "outer": surfaces[1],
            "mean": start + self._grid.to(u.device).mean(u),
            "peak": start + solution.peak,
            "start": start,
        }

    def _solution(
        self, x: Mapping[str, Tensor], theta: Tensor, time: Tensor
    ) -> tuple[TransportSolution, Tensor, tuple[BoundaryFlux, BoundaryFlux]]:
        """Return the solution, the start value, and the boundaries.

        Of one body at many times (a last dimension of ``time`` where all else has 1) the modes
        are found once.
        """
        zero = torch.zeros((), dtype=torch.float64)
        length = self._length.value(x, theta)
        k, c = self._conductivity.value(x, theta), self._capacity.value(x, theta)
        rate = self._rate.value(x, theta) / c if self._rate else zero
        running = torch.minimum(self._over.value(x, theta), time) if self._over else time
        start = self._start.value(x, theta)
        shape = broadcast_shape(*x.values(), theta[..., :1].sum(-1), length, k, c, rate, start)
        start = start.expand(shape)
        boundaries = (
            self._boundaries[0].flux(x, theta, (k, length, start), self._grid.width),
            self._boundaries[1].flux(x, theta, (k, length, start), self._grid.width),
        )
        phases = [(rate.expand(shape), running)]
        if self._over is not None:
            phases.append((torch.zeros_like(start), time - running))
        pace = (k / (c * length.square())).expand(shape)
        return self._grid.to(pace.device).solve(pace, boundaries, phases), start, boundaries

    def balances(self, x: Mapping[str, Tensor], theta: Tensor) -> Mapping[str, Tensor]:
        """Return what is stored less what entered or was produced, relative, ``[...]``."""
        solution, _, _ = self._solution(x, theta, self._time.value(x, theta))
        u, gained = solution.cells, solution.gained
        stored = self._grid.to(u.device).mean(u)
        size = u.abs().amax(-1) + solution.peak + gained.abs()
        what = "energy" if self._units is HEAT else "amount"
        return {f"{what} (stored = in + made)": (stored - gained) / size.clamp_min(1e-300)}


def heat(
    *,
    length: CoefficientLike,
    time: CoefficientLike,
    start: CoefficientLike,
    conductivity: CoefficientLike,
    capacity: CoefficientLike,
    outputs: Outputs,
    outer: Boundary,
    inner: Boundary = _INSULATED,
    source: Pulse | None = None,
    curves: Mapping[str, Course] | None = None,
    shape: Shape = "slab",
    cells: int = 24,
    name: str = "heat",
    lookup: Mapping[str, By] | None = None,
) -> Transport:
    """Return a physics model of heat conduction in one dimension.

    ::

        anneal = heat(length="thickness", time="time", start="25 degC",
                      conductivity=Prior(0.2, "W/m/K", fold=1.5), capacity="1.6e6 J/m^3/K",
                      outer=Convection(Prior(30, "W/m^2/K", fold=2), "25 degC"),
                      source=Pulse("power", over="pulse"),
                      outputs={"core": ("inner", "degC"), "hottest": ("peak", "degC")})

    Args:
        length: the thickness of a slab, the radius of a cylinder or sphere.
        time: when the outputs are read.
        start: the temperature everywhere at the start.
        conductivity: such as in ``W/m/K``.
        capacity: heat capacity per volume, such as in ``J/m^3/K``.
        outputs: output of the campaign -> arithmetic of ``inner`` and ``outer`` (the surfaces;
            ``inner`` is the middle of a cylinder or sphere), ``mean``, ``peak`` (the hottest
            that any place was at any time), ``start`` and inputs.
        outer: what happens at the outer surface.
        inner: what happens at the other surface of a slab.
        source: heat made within, in power per volume.
        curves: curve of the campaign -> a course of the same over time.
        shape: ``slab``, ``cylinder`` or ``sphere``.
        cells: how many cells; errors fall with their square.
        name: what the report calls the model.
        lookup: a name for arithmetic -> its number by category.

    Raises:
        PhysicsError: boundaries, units or names that make no model, with what to write.
    """
    return Transport(
        name,
        HEAT,
        shape=shape,
        length=length,
        time=time,
        start=start,
        conductivity=conductivity,
        capacity=capacity,
        inner=inner,
        outer=outer,
        source=source,
        outputs=outputs,
        curves=curves,
        cells=cells,
        lookup=lookup,
    )


def diffusion(
    *,
    length: CoefficientLike,
    time: CoefficientLike,
    start: CoefficientLike,
    diffusivity: CoefficientLike,
    outputs: Outputs,
    outer: Boundary,
    inner: Boundary = _INSULATED,
    source: Pulse | None = None,
    curves: Mapping[str, Course] | None = None,
    shape: Shape = "slab",
    cells: int = 24,
    name: str = "diffusion",
    lookup: Mapping[str, By] | None = None,
) -> Transport:
    """Return a physics model of diffusion in one dimension, in concentrations.

    ::

        drying = diffusion(length="thickness", time="time", start="2 mol/L",
                           diffusivity=Prior(1e-10, "m^2/s", fold=3), outer=Fixed("0 mol/L"),
                           outputs={"left": "mean / start"})

    The arguments are those of :func:`heat`, with a diffusivity in place of conductivity and
    capacity; a source is in amount per volume and time, a film's ``h`` is a velocity.

    Raises:
        PhysicsError: boundaries, units or names that make no model, with what to write.
    """
    return Transport(
        name,
        DIFFUSION,
        shape=shape,
        length=length,
        time=time,
        start=start,
        conductivity=diffusivity,
        capacity=1.0,
        inner=inner,
        outer=outer,
        source=source,
        outputs=outputs,
        curves=curves,
        cells=cells,
        lookup=lookup,
    )
