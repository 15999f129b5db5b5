"""A solution that is dosed into a vessel during the reaction (a fed batch)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    Coefficient,
    CoefficientLike,
    Coefficients,
    PiecewiseLinear,
    Profile,
    ProfileCoefficients,
    profile_coefficients,
)
from labloop.physics.reactions.integration.driven import Dosing
from labloop.physics.reactions.reaction_system import ReactionSystem

_CONCENTRATION = "mol/m^3"


@dataclass(frozen=True, slots=True)
class Dose:
    """A solution that is dosed into a vessel, whose volume grows by it.

    Args:
        feed: species -> its concentration in the dosed solution.
        volume: how much is dosed in all, at a constant rate; or a :class:`Profile` of the volume
            dosed so far, which never falls.
        over: how long dosing lasts; the reaction's time may end before or after it. A profile
            says so itself.
        into: the volume in the vessel at the start.
    """

    feed: Mapping[str, CoefficientLike]
    volume: CoefficientLike | Profile
    over: CoefficientLike | None = None
    into: CoefficientLike = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class DoseCoefficients:
    """The numbers of a dose, where they come from."""

    feed: Mapping[str, Coefficient]
    volume: ProfileCoefficients
    over: Coefficient | None
    into: Coefficient

    def dosing(self, system: ReactionSystem, x: Mapping[str, Tensor], theta: Tensor) -> Dosing:
        """Return what is dosed, over the volume at the start, in SI."""
        volume = self.volume.piecewise(x, theta)
        if self.over is not None:
            none = torch.zeros((), dtype=torch.float64)
            volume = PiecewiseLinear(none, ((self.over.value(x, theta), volume.start),))
        volume = volume.rising().scaled(1.0 / self.into.value(x, theta))
        return Dosing(system.stacked(self.feed, x, theta), volume)


def dose_coefficients(name: str, dose: Dose, coefficients: Coefficients) -> DoseCoefficients:
    """Return the numbers of a dose; raises PhysicsError where one has another dimension."""
    if isinstance(dose.volume, Profile) != (dose.over is None):
        raise PhysicsError(
            f"the dose of {name!r} needs volume= and over=, or a Profile of the volume dosed so "
            f"far and no over=, got volume={dose.volume!r} and over={dose.over!r}"
        )
    feed = {
        s: coefficients.add(f"dosed.{s}", given, _CONCENTRATION, f"the dosed {s} of {name!r}")
        for s, given in dose.feed.items()
    }
    volume = profile_coefficients(
        "dose.volume", dose.volume, "m^3", coefficients, f"the dosed volume of {name!r}"
    )
    over = dose.over
    return DoseCoefficients(
        feed,
        volume,
        None
        if over is None
        else coefficients.add("dose.over", over, "s", f"the dosing time of {name!r}"),
        coefficients.add("dose.into", dose.into, "m^3", f"the volume at the start of {name!r}"),
    )
