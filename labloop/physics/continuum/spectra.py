"""Absorption spectra of solutions: Beer and Lambert's law over bands or given spectra."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    By,
    Coefficient,
    CoefficientLike,
    Coefficients,
    CurveAxis,
    broadcast_shape,
    si_conversion,
)
from labloop.physics.models import BuildingBlock, Outputs
from labloop.units import convert, same_dimension

_ABSORPTIVITY = "m^2/mol"
_CONCENTRATION = "mol/m^3"


@dataclass(frozen=True, slots=True)
class Band:
    """A Gaussian band of molar absorptivity over wavelength.

    Args:
        at: the wavelength of its top.
        width: its full width at half of its height.
        strength: the (decadic) molar absorptivity at its top, such as in ``L/mol/cm``.
    """

    at: CoefficientLike
    width: CoefficientLike
    strength: CoefficientLike


@dataclass(frozen=True, slots=True)
class Molar:
    """A known spectrum: the decadic molar absorptivity at each point of the curve's axis.

    Args:
        values: one a point, in ``unit``.
        unit: such as ``L/mol/cm``.
        factor: how much it may be off, such as ``Prior(1, rel=0.1)``.
    """

    values: Sequence[float]
    unit: str = "L/mol/cm"
    factor: CoefficientLike = 1.0


Spectrum: TypeAlias = Band | Molar | Sequence[Band]


@dataclass(frozen=True, slots=True)
class _BandCoefficients:
    at: Coefficient
    width: Coefficient
    strength: Coefficient


class Absorption(BuildingBlock):
    """A :class:`~labloop.physics.PhysicsModel` of a spectrum; see :func:`absorption`."""

    check_first = "its bands, its path and the concentrations"

    def __init__(
        self,
        name: str,
        spectra: Mapping[str, Spectrum],
        *,
        of: Mapping[str, CoefficientLike] | BuildingBlock,
        path: CoefficientLike,
        curve: str,
        axis: CurveAxis,
        outputs: Outputs,
        baseline: CoefficientLike,
        lookup: Mapping[str, By] | None,
    ) -> None:
        self._inner = of if isinstance(of, BuildingBlock) else None
        coefficients = Coefficients(
            name, lookup, after=self._inner.coefficients if self._inner else None
        )
        self._own = len(coefficients.parameters)
        given = {} if isinstance(of, BuildingBlock) else dict(of)
        known = list(self._inner.quantities) if self._inner else list(given)
        strange = [s for s in spectra if s not in known]
        if strange or not spectra:
            raise PhysicsError(
                f"absorption {name!r} has spectra of {', '.join(strange) or 'nothing'}; known "
                f"concentrations are those of {', '.join(known) or 'nothing'}"
            )
        self._amounts = {
            s: coefficients.add(s, amount, _CONCENTRATION, f"the concentration of {s} in {name!r}")
            for s, amount in given.items()
        }
        self._spectra = {s: _parse_output(s, name, spectra[s], axis, coefficients) for s in spectra}
        self._path = coefficients.add("path", path, "m")
        self._baseline = coefficients.add("baseline", baseline, "1")
        self._wavelengths, self._factor = _axis(name, axis)
        inner = self._inner.quantities if self._inner else dict.fromkeys(given, _CONCENTRATION)
        # A concentration that is a parameter of the space already has its name there.
        read = {i.name for i in coefficients.inputs}
        quantities = {s: unit for s, unit in inner.items() if s not in read}
        super().__init__("absorption", name, coefficients, quantities, outputs, {curve: axis})

    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return quantity -> SI values ``[...]`` and curve -> values ``[..., n]``."""
        solved, absorbance = self._absorbance(x, theta)
        return solved, {next(iter(self.curves)): self._factor * absorbance}

    @property
    def submodels(self) -> tuple[BuildingBlock, ...]:
        """This model and the one whose species absorb."""
        return (self, *(self._inner.submodels if self._inner else ()))

    def _absorbance(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return the concentrations, and the absorbance ``[..., n]``."""
        amounts = {s: term.value(x, theta) for s, term in self._amounts.items()}
        if self._inner is not None:
            amounts, _ = self._inner.solve(x, theta[..., : self._own])
        total = self._baseline.value(x, theta).unsqueeze(-1)
        path = self._path.value(x, theta)
        for s, parts in self._spectra.items():
            molar = self._molar(parts, x, theta)
            total = total + (amounts[s] * path).unsqueeze(-1) * molar
        shape = broadcast_shape(*x.values(), theta[..., :1].sum(-1), total[..., 0])
        return amounts, total.expand(*shape, len(self._wavelengths))

    def _molar(
        self,
        parts: "tuple[_BandCoefficients, ...] | tuple[Tensor, Coefficient]",
        x: Mapping[str, Tensor],
        theta: Tensor,
    ) -> Tensor:
        if isinstance(parts[0], Tensor):
            table, factor = parts
            assert isinstance(factor, Coefficient)  # noqa: S101 - made by _parse_output
            return factor.value(x, theta).unsqueeze(-1) * table.to(theta.device)
        total = torch.zeros((), dtype=torch.float64)
        wavelengths = self._wavelengths.to(theta.device)
        for band in parts:
            assert isinstance(band, _BandCoefficients)  # noqa: S101 - made by _parse_output
            off = wavelengths - band.at.value(x, theta).unsqueeze(-1)
            share = (off / band.width.value(x, theta).unsqueeze(-1)).square()
            height = band.strength.value(x, theta).unsqueeze(-1)
            total = total + height * torch.exp(-4.0 * math.log(2.0) * share)
        return total

    def balances(self, x: Mapping[str, Tensor], theta: Tensor) -> Mapping[str, Tensor]:
        """Return by how much more light leaves than enters, and the balances of the reactions."""
        _, absorbance = self._absorbance(x, theta)
        dark = absorbance - self._baseline.value(x, theta).unsqueeze(-1)
        gained = (torch.pow(10.0, -dark) - 1.0).clamp_min(0.0).amax(-1)
        found = {"light (nothing absorbs less than nothing)": gained}
        inner = getattr(self._inner, "balances", None)
        if inner is not None:
            found.update(inner(x, theta[..., : self._own]))
        return found


def _parse_output(
    species: str, name: str, given: Spectrum, axis: CurveAxis, coefficients: Coefficients
) -> "tuple[_BandCoefficients, ...] | tuple[Tensor, Coefficient]":
    if isinstance(given, Molar):
        if len(given.values) != len(axis.values):
            raise PhysicsError(
                f"the spectrum of {species} in {name!r} has {len(given.values)} values, expected "
                f"one for each of the {len(axis.values)} points of the curve"
            )
        if not same_dimension(given.unit, _ABSORPTIVITY):
            raise PhysicsError(
                f"the spectrum of {species} in {name!r} is given in {given.unit!r}; it needs a "
                "unit like 'L/mol/cm'"
            )
        table = torch.tensor([float(v) for v in given.values], dtype=torch.float64)
        return si_conversion(given.unit)[0] * table, coefficients.add(
            f"{species}.factor", given.factor, "1"
        )
    bands = [given] if isinstance(given, Band) else given
    if (
        not isinstance(bands, Sequence)
        or not bands
        or not all(isinstance(band, Band) for band in bands)
    ):
        raise PhysicsError(
            f"the spectrum of {species} in {name!r} needs Band(at=..., width=..., strength=...), "
            f"several of them, or Molar(values), got {given!r}"
        )
    made = []
    for number, band in enumerate(bands, start=1):
        label = f"{species}.band{number}" if len(bands) > 1 else f"{species}.band"
        made.append(
            _BandCoefficients(
                coefficients.add(f"{label}.at", band.at, "m"),
                coefficients.add(f"{label}.width", band.width, "m"),
                coefficients.add(f"{label}.strength", band.strength, _ABSORPTIVITY),
            )
        )
    return tuple(made)


def _axis(name: str, axis: CurveAxis) -> tuple[Tensor, float]:
    """Return the wavelengths in m, and what takes absorbance into the curve's unit."""
    if not same_dimension(axis.unit, "m"):
        raise PhysicsError(
            f"the spectrum of {name!r} needs an axis of wavelengths, such as 'nm', "
            f"got {axis.unit!r}"
        )
    if same_dimension(axis.y_unit, "AU"):
        return axis.si(), convert(1.0, "AU", axis.y_unit)
    if axis.y_unit != "1":
        raise PhysicsError(
            f"the spectrum of {name!r} has values in 'AU', 'mAU' or '1', got {axis.y_unit!r}"
        )
    return axis.si(), 1.0


def absorption(
    spectra: Mapping[str, Spectrum],
    *,
    of: Mapping[str, CoefficientLike] | BuildingBlock,
    axis: CurveAxis,
    outputs: Outputs,
    path: CoefficientLike = "1 cm",
    curve: str = "spectrum",
    baseline: CoefficientLike = 0.0,
    name: str = "absorption",
    lookup: Mapping[str, By] | None = None,
) -> Absorption:
    """Return a physics model of the absorption spectrum of a solution.

    ::

        dye = absorption({"dye": Band(at=Prior(450, "nm", sd=5), width="60 nm",
                                      strength=Prior(2e4, "L/mol/cm", fold=1.5))},
                         of={"dye": "concentration"}, path="1 cm",
                         axis=CurveAxis.even(350, 650, 61, "nm", y_unit="AU"),
                         outputs={"a450": At("spectrum", 450, "nm")})

    Args:
        spectra: species -> a band, several, or a known spectrum.
        of: species -> its concentration; or a model of kinetics or equilibria whose species
            absorb, such as the class under ``@kinetics``.
        axis: the wavelengths; ``y_unit`` is ``AU``, ``mAU`` or ``1``.
        outputs: output of the campaign -> a scalar of the curve, or arithmetic.
        path: the length of the light's way.
        curve: what the campaign calls the spectrum.
        baseline: absorbance that the detector shows without a sample.
        name: what the report calls the model.
        lookup: a name for arithmetic -> its number by category.

    Raises:
        PhysicsError: spectra, units or names that make no model, with what to write.
    """
    return Absorption(
        name,
        spectra,
        of=of,
        path=path,
        curve=curve,
        axis=axis,
        outputs=outputs,
        baseline=baseline,
        lookup=lookup,
    )
