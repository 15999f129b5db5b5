"""Linear transport in one dimension by finite volumes, exact in time.

``c du/dt = r^-g d/dr (r^g k du/dr) + q`` with g = 0, 1, 2 in slab, cylinder and sphere (Carslaw &
Jaeger, Conduction of Heat in Solids). Fluxes between cells cancel, so that the total is conserved;
the error in space is of second order. Coefficients and source are constant in each phase, so that
the cells obey a symmetric linear system of equations, which is solved in its eigenmodes: exact in
time, without steps. Without a film at the surface the modes are the same for all experiments.
"""

from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor

_SUBSTEPS = 16
_SMALL = 1e-4


@dataclass(frozen=True, slots=True)
class BoundaryFlux:
    """The flux that enters at a boundary, ``g (outside - u) + inflow``, in units of k / length.

    Attributes:
        g: conductance from the middle of the outermost cell to what is outside; batch, or one
            number where it is the same for all.
        outside: the value outside less that at the start, batch.
        inflow: prescribed flux, batch.
        half: share of the way to ``outside`` at which the surface lies, batch.
    """

    g: Tensor
    outside: Tensor
    inflow: Tensor
    half: Tensor

    @property
    def drive(self) -> Tensor:
        """The flux that enters while the body has its start value, batch."""
        return self.g * self.outside + self.inflow

    def surface(self, near: Tensor, cell: float) -> Tensor:
        """Return the value at the surface, given that of the outermost cell."""
        return near + self.half * (self.outside - near) + 0.5 * cell * self.inflow


@dataclass(frozen=True, slots=True)
class TransportSolution:
    """The solution of N bodies, relative to the start value.

    Attributes:
        cells: at the end, batch x M.
        peak: the greatest value of any cell at any time, batch; 0 or above.
        gained: what entered through the boundaries or was produced, over the volume, batch.
    """

    cells: Tensor
    peak: Tensor
    gained: Tensor


class Grid:
    """Cells of equal width over 0..1: volumes and faces of a shape with exponent g."""

    def __init__(self, cells: int, exponent: int) -> None:
        faces = torch.linspace(0.0, 1.0, cells + 1, dtype=torch.float64)
        power = exponent + 1
        self.width = 1.0 / cells
        self.volumes = (faces[1:] ** power - faces[:-1] ** power) / power
        areas = faces**exponent
        self.areas = (float(areas[0]), float(areas[-1]))
        rows = torch.arange(cells - 1)
        exchange = torch.zeros(cells, cells, dtype=torch.float64)
        exchange[rows, rows + 1] = exchange[rows + 1, rows] = -areas[1:-1] / self.width
        self._exchange = exchange - torch.diag(exchange.sum(1))
        self._ends = torch.zeros(2, cells, dtype=torch.float64)
        self._ends[0, 0], self._ends[1, -1] = self.areas

    def to(self, device: torch.device) -> "Grid":
        """Return the grid on a device of torch; itself where it lies there."""
        if self.volumes.device == device:
            return self
        moved = copy(self)
        for name in ("volumes", "_exchange", "_ends"):
            setattr(moved, name, getattr(self, name).to(device))
        return moved

    def mean(self, u: Tensor) -> Tensor:
        """Return the mean over the volume of ``[..., M]``."""
        return (u * self.volumes).sum(-1) / self.volumes.sum()

    def solve(
        self,
        pace: Tensor,
        boundaries: tuple[BoundaryFlux, BoundaryFlux],
        phases: list[tuple[Tensor, Tensor]],
    ) -> TransportSolution:
        """Return the solution of bodies that are uniform at the start.

        Args:
            pace: k / (c length^2) in 1/s, batch.
            boundaries: inner and outer.
            phases: (source over c in 1/s, seconds) one after the other, batch each.
        """
        root = self.volumes.sqrt()
        leak = sum(
            (w.g[..., None] * e for w, e in zip(boundaries, self._ends, strict=True)),
            start=root * 0,
        )
        body = (self._exchange + torch.diag_embed(leak)) / (root[:, None] * root)
        values, modes = torch.linalg.eigh(body)
        decay = pace[..., None] * values.clamp_min(0.0)
        drive = sum(
            (w.drive[..., None] * e for w, e in zip(boundaries, self._ends, strict=True)),
            start=root * 0,
        )
        pressed = pace[..., None] * _times(drive / root, modes)
        made = _times(root.expand_as(drive), modes)
        state = torch.zeros_like(pressed)
        peak, gained = torch.zeros_like(pace), torch.zeros_like(pace)
        for source, seconds in phases:
            force = pressed + source[..., None] * made
            over = _Modes(decay, state, force)
            gained = gained + self._gain(over.summed(seconds), modes, pace, (leak, drive))
            gained = gained + (pace * drive.sum(-1) / self.volumes.sum() + source) * seconds
            for part in range(1, _SUBSTEPS + 1):
                state = over.at(seconds * (part / _SUBSTEPS))
                cells = _times(state, modes.mT) / root
                peak = torch.maximum(peak, cells.amax(-1))
        return TransportSolution(cells, peak, gained)

    def _gain(
        self, summed: Tensor, modes: Tensor, pace: Tensor, ends: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Return what entered by ``g u``, given the integral over time of the modes."""
        cells = _times(summed, modes.mT) / self.volumes.sqrt()
        return -pace * (ends[0] * cells).sum(-1) / self.volumes.sum()


@dataclass(frozen=True, slots=True)
class _Modes:
    """Modes with ``dm/dt = force - decay m`` from a start, batch x M."""

    decay: Tensor
    start: Tensor
    force: Tensor

    def at(self, time: Tensor) -> Tensor:
        """Return the modes at a time."""
        seconds = time[..., None]
        z = self.decay * seconds
        return torch.exp(-z) * self.start + seconds * _phi1(z) * self.force

    def summed(self, time: Tensor) -> Tensor:
        """Return the integral of the modes up to a time."""
        seconds = time[..., None]
        z = self.decay * seconds
        return seconds * _phi1(z) * self.start + seconds.square() * _phi2(z) * self.force


def _times(rows: Tensor, matrix: Tensor) -> Tensor:
    """Return ``[..., M]`` times one matrix or one for each."""
    return (rows.unsqueeze(-2) @ matrix).squeeze(-2)


def _phi1(z: Tensor) -> Tensor:
    """Return ``phi_1(-z) = (1 - exp(-z)) / z``, by its series near 0.

    The phi functions of exponential integrators (Hochbruck & Ostermann, Acta Numer. 19 (2010) 209).
    """
    safe = torch.where(z < _SMALL, torch.ones_like(z), z)
    return torch.where(z < _SMALL, 1.0 - z / 2.0 + z * z / 6.0, -torch.expm1(-safe) / safe)


def _phi2(z: Tensor) -> Tensor:
    """Return ``phi_2(-z) = (1 - phi_1(-z)) / z``, by its series near 0."""
    near = z < 100.0 * _SMALL
    safe = torch.where(near, torch.ones_like(z), z)
    series = 0.5 - z / 6.0 + z * z / 24.0 - z**3 / 120.0 + z**4 / 720.0
    return torch.where(near, series, (1.0 - _phi1(safe)) / safe)
