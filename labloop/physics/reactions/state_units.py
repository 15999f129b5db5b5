"""Units of what a kinetic model solves for, where it is no concentration: masses, lengths."""

from collections.abc import Mapping, Sequence

from labloop.errors import PhysicsError
from labloop.physics.language import si_conversion
from labloop.physics.reactions.rate_laws import RateExpression
from labloop.records import mapping_of
from labloop.units import same_dimension

CONCENTRATION = "mol/m^3"


class StateUnits:
    """The unit of every species, and what it is counted in while it is solved for.

    Attributes:
        own: whether anything is no concentration.
        units: species -> its unit.
        counted: species -> the unit in which the state counts it.
        sizes: species -> the SI value of one of that.

    Concentrations are counted in mol/m^3, all else in the first unit of its dimension that the
    author wrote, so that numbers are neither tiny nor huge.

    Args:
        name: of the model, for messages.
        given: species -> unit where it is no concentration.
        species: all of them.

    Raises:
        PhysicsError: a unit of something that is no species, or one whose zero is arbitrary.
        UnitError: an unknown unit.
    """

    def __init__(self, name: str, given: Mapping[str, str], species: Sequence[str]) -> None:
        given = mapping_of(given, f"units= of kinetics {name!r}", "{'c': 'g/L'}", PhysicsError)
        strange = [s for s in given if s not in species]
        if strange:
            raise PhysicsError(
                f"units= of kinetics {name!r} names {', '.join(strange)}, which takes part in no "
                f"reaction; it has {', '.join(species)}"
            )
        self._name = name
        self.own = bool(given)
        self.units = {s: given.get(s, CONCENTRATION) for s in species}
        counted: list[tuple[str, float]] = [(CONCENTRATION, 1.0)]
        self.sizes: dict[str, float] = {}
        self.counted: dict[str, str] = {}
        for s, unit in self.units.items():
            factor, offset = si_conversion(unit)
            if offset:
                raise PhysicsError(
                    f"{s} of kinetics {name!r} has the unit {unit!r}, whose zero is arbitrary; "
                    "write K"
                )
            alike = [one for one in counted if same_dimension(one[0], unit)]
            if not alike:
                alike = [(unit, factor)]
                counted += alike
            self.counted[s], self.sizes[s] = alike[0]

    def check(self, rate: RateExpression) -> None:
        """Raise PhysicsError where a reaction changes one dimension into another."""
        reaction = rate.reaction
        changed = (*reaction.reactants, *reaction.products)
        units = [self.units[s] for s in changed]
        if not all(same_dimension(units[0], unit) for unit in units):
            told = ", ".join(f"{s} in {self.units[s]}" for s in dict.fromkeys(changed))
            raise PhysicsError(
                f"reaction {reaction.text!r} of kinetics {self._name!r} changes {told}, which are "
                "not of one kind; write one process for each, such as '-> film'"
            )
        free = rate.law is not None or (reaction.order == 1 and not rate.denominator)
        if not free and not same_dimension(units[0], CONCENTRATION):
            raise PhysicsError(
                f"reaction {reaction.text!r} of kinetics {self._name!r} is of {units[0]}, for "
                "which no law of concentrations holds; write its rate as RateLaw(...)"
            )

    def rate_unit(self, rate: RateExpression) -> str:
        """Return the SI unit of a reaction's rate: that of what it changes, over time."""
        reaction = rate.reaction
        first = next(iter((*reaction.reactants, *reaction.products)))
        return f"{self.units[first]}/s"
