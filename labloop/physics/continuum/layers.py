"""Reflectance and transmittance of a stack of thin layers at normal incidence.

Each layer is a 2 x 2 matrix over amplitude and admittance (Abeles; Macleod, Thin-Film Optical
Filters). The index of an absorbing layer is ``n - i k``. The substrate is thick: light that
enters it does not come back.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import By, Coefficient, CoefficientLike, Coefficients, CurveAxis
from labloop.physics.models import BuildingBlock, Outputs
from labloop.units import convert, same_dimension

Light: TypeAlias = Literal["reflectance", "transmittance"]
_LIGHT = ("reflectance", "transmittance")


@dataclass(frozen=True, slots=True)
class Cauchy:
    """A refractive index over wavelength: ``n + b / wavelength^2``, with extinction ``k``.

    Args:
        n: the index at long wavelengths.
        b: its rise towards short ones, an area such as in ``um^2``.
        k: the extinction coefficient, the same at all wavelengths.
    """

    n: CoefficientLike
    b: CoefficientLike | None = None
    k: CoefficientLike | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a stack: how thick, of which index (a number where it is the same for all)."""

    thickness: CoefficientLike
    index: Cauchy | CoefficientLike


@dataclass(frozen=True, slots=True)
class _IndexCoefficients:
    n: Coefficient
    b: Coefficient | None
    k: Coefficient | None

    def at(self, wavelengths: Tensor, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        n = self.n.value(x, theta).unsqueeze(-1)
        if self.b is not None:
            n = n + self.b.value(x, theta).unsqueeze(-1) / wavelengths.square()
        k = self.k.value(x, theta).unsqueeze(-1) if self.k is not None else torch.zeros_like(n)
        return torch.complex(*torch.broadcast_tensors(n, -k))  # type: ignore[no-untyped-call]  # torch forgot it


class Stack(BuildingBlock):
    """A :class:`~labloop.physics.PhysicsModel` of a stack of layers; see :func:`multilayer`."""

    check_first = "its layers, their order, thicknesses and indices"

    def __init__(
        self,
        name: str,
        layers: Sequence[Layer],
        *,
        substrate: Cauchy | CoefficientLike,
        ambient: CoefficientLike,
        axis: CurveAxis,
        curves: Mapping[str, Light],
        outputs: Outputs,
        lookup: Mapping[str, By] | None,
    ) -> None:
        if (
            not isinstance(layers, (list, tuple))
            or not layers
            or not all(isinstance(layer, Layer) for layer in layers)
        ):
            raise PhysicsError(
                f"multilayer {name!r} needs layers=[Layer(thickness=..., index=...), ...], "
                f"got {layers!r}"
            )
        _check_axis(name, axis, curves)
        coefficients = Coefficients(name, lookup)
        self._layers = []
        for number, layer in enumerate(layers, start=1):
            thickness = coefficients.add(f"thickness{number}", layer.thickness, "m")
            self._layers.append((thickness, _index(f"n{number}", layer.index, coefficients)))
        self._substrate = _index("substrate", substrate, coefficients)
        self._ambient = coefficients.add("ambient", ambient, "1")
        self._wavelengths = axis.si()
        self._kinds = dict(curves)
        self._factor = convert(1.0, "1", axis.y_unit)
        super().__init__("multilayer", name, coefficients, {}, outputs, dict.fromkeys(curves, axis))

    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return quantity -> SI values ``[...]`` and curve -> values ``[..., n]``."""
        light = dict(zip(_LIGHT, self._light(x, theta), strict=True))
        return {}, {label: self._factor * light[kind] for label, kind in self._kinds.items()}

    def _light(self, x: Mapping[str, Tensor], theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return reflectance and transmittance ``[..., n]``."""
        outside = self._ambient.value(x, theta).unsqueeze(-1)
        wavelengths = self._wavelengths.to(theta.device)
        # From the substrate upwards: amplitude and admittance at each surface.
        substrate = self._substrate.at(wavelengths, x, theta)
        field, drive = torch.ones_like(substrate), substrate
        for thickness, index in reversed(self._layers):
            n = index.at(wavelengths, x, theta)
            phase = 2.0 * math.pi * n * thickness.value(x, theta).unsqueeze(-1) / wavelengths
            cosine, sine = torch.cos(phase), 1j * torch.sin(phase)
            field, drive = cosine * field + sine / n * drive, n * sine * field + cosine * drive
        sum_, difference = outside * field + drive, outside * field - drive
        size = sum_.abs().square()
        return difference.abs().square() / size, 4.0 * outside * substrate.real / size

    def balances(self, x: Mapping[str, Tensor], theta: Tensor) -> Mapping[str, Tensor]:
        """Return ``|R + T - 1|`` of clear layers; of absorbing ones the excess of R + T over 1."""
        reflected, transmitted = self._light(x, theta)
        excess = reflected + transmitted - 1.0
        indices = [self._substrate, *(index for _, index in self._layers)]
        if any(index.k is not None for index in indices):
            return {"light (R + T is at most 1)": excess.clamp_min(0.0).amax(-1)}
        return {"light (R + T = 1)": excess.abs().amax(-1)}


def _index(
    label: str, given: Cauchy | CoefficientLike, coefficients: Coefficients
) -> _IndexCoefficients:
    whole = given if isinstance(given, Cauchy) else Cauchy(given)
    return _IndexCoefficients(
        coefficients.add(f"{label}.n", whole.n, "1"),
        None if whole.b is None else coefficients.add(f"{label}.b", whole.b, "m^2"),
        None if whole.k is None else coefficients.add(f"{label}.k", whole.k, "1"),
    )


def _check_axis(name: str, axis: CurveAxis, curves: Mapping[str, Light]) -> None:
    if not same_dimension(axis.unit, "m") or not same_dimension(axis.y_unit, "1"):
        raise PhysicsError(
            f"multilayer {name!r} needs an axis of wavelengths such as 'nm' with values in '1' or "
            f"'%', got {axis.unit!r} and {axis.y_unit!r}"
        )
    if not curves or any(kind not in _LIGHT for kind in curves.values()):
        raise PhysicsError(
            f"multilayer {name!r} needs curves={{'spectrum': 'reflectance'}} (or "
            f"'transmittance'), got {dict(curves)!r}"
        )


def multilayer(
    layers: Sequence[Layer],
    *,
    substrate: Cauchy | CoefficientLike,
    axis: CurveAxis,
    outputs: Outputs,
    curves: Mapping[str, Light],
    ambient: CoefficientLike = 1.0,
    name: str = "multilayer",
    lookup: Mapping[str, By] | None = None,
) -> Stack:
    """Return a physics model of the spectrum of a stack of thin layers at normal incidence.

    ::

        coating = multilayer([Layer("top", Cauchy(Prior(1.46, rel=0.02))),
                              Layer("below", Cauchy(Prior(2.3, rel=0.03), b="0.02 um^2"))],
                             substrate=1.52, curves={"spectrum": "reflectance"},
                             axis=CurveAxis.even(400, 800, 33, "nm"),
                             outputs={"glare": Mean("spectrum", 450, 650, "nm")})

    Args:
        layers: from the side that the light comes from.
        substrate: the index of what lies beneath, thick.
        axis: the wavelengths; ``y_unit`` is ``1`` or ``%``.
        outputs: output of the campaign -> a scalar of a curve, or arithmetic of inputs.
        curves: curve of the campaign -> ``reflectance`` or ``transmittance``.
        ambient: the index of what lies above.
        name: what the report calls the model.
        lookup: a name for arithmetic -> its number by category.

    Raises:
        PhysicsError: layers, units or names that make no model, with what to write.
    """
    return Stack(
        name,
        layers,
        substrate=substrate,
        ambient=ambient,
        axis=axis,
        curves=curves,
        outputs=outputs,
        lookup=lookup,
    )
