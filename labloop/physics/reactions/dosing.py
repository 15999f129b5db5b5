"""A solution that is dosed into a vessel during the reaction (a fed batch)."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from labloop.physics.language import Coefficient, CoefficientLike, Coefficients
from labloop.physics.reactions.integration.integrator import Dosing
from labloop.physics.reactions.reaction_system import ReactionSystem

_CONCENTRATION = "mol/m^3"


@dataclass(frozen=True, slots=True)
class Dose:
    """A solution that is dosed at a constant rate into a vessel, whose volume grows by it.

    Args:
        feed: species -> its concentration in the dosed solution.
        volume: how much is dosed in all.
        over: how long dosing lasts; the reaction's time may end before or after it.
        into: the volume in the vessel at the start.
    """

    feed: Mapping[str, CoefficientLike]
    volume: CoefficientLike
    over: CoefficientLike
    into: CoefficientLike


@dataclass(frozen=True, slots=True)
class DoseCoefficients:
    """The numbers of a dose, where they come from."""

    feed: Mapping[str, Coefficient]
    volume: Coefficient
    over: Coefficient
    into: Coefficient

    def dosing(self, system: ReactionSystem, x: Mapping[str, Tensor], theta: Tensor) -> Dosing:
        """Return what is dosed, over the volume at the start, in SI."""
        relative_volume = self.volume.value(x, theta) / self.into.value(x, theta)
        over = self.over.value(x, theta)
        amount = system.stacked(self.feed, x, theta) * relative_volume.unsqueeze(-1)
        return Dosing(amount, relative_volume, over)


def dose_coefficients(name: str, dose: Dose, coefficients: Coefficients) -> DoseCoefficients:
    """Return the numbers of a dose; raises PhysicsError where one has another dimension."""
    feed = {
        s: coefficients.add(f"dosed.{s}", given, _CONCENTRATION, f"the dosed {s} of {name!r}")
        for s, given in dose.feed.items()
    }
    return DoseCoefficients(
        feed,
        coefficients.add("dose.volume", dose.volume, "m^3", f"the dosed volume of {name!r}"),
        coefficients.add("dose.over", dose.over, "s", f"the dosing time of {name!r}"),
        coefficients.add("dose.into", dose.into, "m^3", f"the volume at the start of {name!r}"),
    )
