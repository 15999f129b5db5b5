"""Priors of parameters, and the whitening by which they become standard normal.

Whitened means that the prior of every parameter is N(0, 1): "30 within a factor 2.7" is a
standard normal in ``(ln k - ln 30) / ln 2.7``.
"""

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language.units import si_conversion


@dataclass(frozen=True, slots=True)
class Prior:
    """A median with its unit and a standard deviation, given in exactly one of three ways.

    Args:
        median: the value expected, in ``unit``.
        unit: a unit of :mod:`labloop.units`.
        fold: one standard deviation is this factor, up or down (log-normal; more than 1).
        rel: one standard deviation of the logarithm: about this share of the median (log-normal).
        sd: one standard deviation in ``unit`` (normal; may cross zero).

    Raises:
        PhysicsError: not exactly one width, or numbers that make no distribution.
        UnitError: an unknown unit.
    """

    median: float
    unit: str = "1"
    fold: float | None = None
    rel: float | None = None
    sd: float | None = None
    _log_width: float | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.unit, str):
            raise PhysicsError(
                f"the unit of a Prior is a text such as '1/min', got {self.unit!r:.100}; write "
                "Prior(30, 'L/mol/min', fold=2.7)"
            )
        for what in ("median", "fold", "rel", "sd"):
            _check_number(getattr(self, what), what)
        si_conversion(self.unit)
        widths = {"fold": self.fold, "rel": self.rel, "sd": self.sd}
        given = [name for name, value in widths.items() if value is not None]
        if len(given) != 1:
            raise PhysicsError(
                f"a Prior needs exactly one of fold=, rel= and sd=, got {given or 'none'}; "
                "write for example Prior(30, 'L/mol/min', fold=2.7)"
            )
        low = 1.0 if self.fold is not None else 0.0
        width = widths[given[0]]
        written = f"Prior({self.median!r}, {self.unit!r}, {given[0]}={width!r})"
        if width is None or not (math.isfinite(width) and width > low):
            raise PhysicsError(f"{written} needs {given[0]} above {low:g}, got {width}")
        if not math.isfinite(self.median) or (self.sd is None and self.median <= 0):
            raise PhysicsError(
                f"{written} needs a finite median above 0, got {self.median}; use sd= for a value "
                "that may be zero or negative"
            )
        log_width = math.log(self.fold) if self.fold is not None else self.rel
        object.__setattr__(self, "_log_width", log_width)

    @property
    def log(self) -> bool:
        """Whether the prior is normal in the logarithm of the value."""
        return self._log_width is not None

    def natural(self, z: float) -> float:
        """Return the value in ``unit`` at ``z`` prior standard deviations from the median."""
        if self._log_width is not None:
            return self.median * math.exp(self._log_width * z)
        return self.median + (self.sd or 0.0) * z

    def si_coefficients(self) -> tuple[bool, float, float]:
        """Return (log, a, b) with SI value = exp(a + b z) where log, else a + b z."""
        factor, offset = si_conversion(self.unit)
        if self._log_width is not None:
            if offset:
                raise PhysicsError(f"a Prior in {self.unit!r} needs sd=, its zero is arbitrary")
            return True, math.log(self.median * factor), self._log_width
        return False, self.median * factor + offset, (self.sd or 0.0) * factor


@dataclass(frozen=True, slots=True)
class PhysicsParameter:
    """A parameter of a physics model that is learned from the experiments."""

    name: str
    prior: Prior

    @property
    def unit(self) -> str:
        """The unit in which the parameter is reported."""
        return self.prior.unit


class Whitening:
    """From whitened to SI values, for all parameters of a model at once."""

    def __init__(self, parameters: Sequence[PhysicsParameter]) -> None:
        lines = [p.prior.si_coefficients() for p in parameters]
        self._log = torch.tensor([line[0] for line in lines], dtype=torch.bool)
        self._a = torch.tensor([line[1] for line in lines], dtype=torch.float64)
        self._b = torch.tensor([line[2] for line in lines], dtype=torch.float64)

    def si(self, z: Tensor) -> Tensor:
        """Return the SI values of whitened ``z`` [..., p]; differentiable."""
        log = self._log.to(z.device)
        line = self._a.to(z.device) + self._b.to(z.device) * z
        # The exponent is masked as well, or its overflow would poison the gradient.
        return torch.where(log, torch.exp(torch.where(log, line, 0.0)), line)

    def white(self, si: Tensor) -> Tensor:
        """Return the whitened values of SI values [..., p]."""
        tiny = torch.finfo(torch.float64).tiny
        value = torch.where(self._log, torch.log(si.clamp_min(tiny)), si)
        return (value - self._a) / self._b


def _check_number(value: object, what: str) -> None:
    """Raise PhysicsError where a number of a prior is none; left out is right but for a median."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number and (value is not None or what == "median"):
        raise PhysicsError(
            f"the {what} of a Prior is a plain number, got {value!r:.100}; its unit stands behind "
            "it: Prior(30, 'L/mol/min', fold=2.7)"
        )
