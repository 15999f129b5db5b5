"""What an author writes for a coefficient that is more than a number: By, Shared, Formula."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from labloop.errors import PhysicsError, UnitError
from labloop.physics.language.prior import Prior
from labloop.units import split_quantity

GAS, GAS_CONSTANT = "R", 8.31446261815324
"""What the gas constant is called in a formula and a rate law, and its value in J/mol/K."""


@dataclass(frozen=True, slots=True)
class By:
    """A number for every value of a category of the space.

    Args:
        category: the categorical parameter of the space.
        values: category -> number: a :class:`Prior` each where it is to be learned, else a
            text with a unit such as ``"0.8 mPa*s"`` or a plain number.
    """

    category: str
    values: Mapping[str, "Prior | str | float"]

    def __post_init__(self) -> None:
        given = self.values.values() if isinstance(self.values, Mapping) else ()
        usable = all(isinstance(v, (Prior, str, int, float)) for v in given)
        learned = [isinstance(v, Prior) for v in given]
        if not usable or not learned or any(learned) != all(learned):
            raise PhysicsError(
                f"By({self.category!r}, ...) needs a number for every category: either a Prior "
                f"for each or a given number for each, got {self.values!r}"
            )


@dataclass(frozen=True, slots=True)
class Shared:
    """One learned number that several places of a model hold.

    Args:
        name: what the parameter is called.
        prior: its prior, the same wherever the name stands.
    """

    name: str
    prior: Prior


Constant: TypeAlias = Prior | Shared | By | str | float
"""A constant in a formula or a rate law: a text is a quantity, nothing that is read."""


@dataclass(frozen=True, slots=True, init=False)
class Formula:
    """A coefficient that is arithmetic of learned constants and parameters of the space.

    ::

        Layer(Formula("rate * seconds", rate=Prior(0.4, "nm/s", rel=0.1)), 1.46)
        diffusivity=Formula("D * exp(-Ea/R * (1/temperature - 1/at))", at="298.15 K",
                            D=Prior(1e-9, "m^2/s", fold=3), Ea=Prior(40, "kJ/mol", rel=0.3))

    ``R`` is the gas constant. A learned constant is called by the coefficient's name, a dot, and
    its own.

    Args:
        text: the arithmetic, as in :class:`RateLaw`.
        constants: name -> a :class:`Prior`, a :class:`Shared` one, a quantity such as ``298 K``,
            a number, or :class:`By`.
    """

    text: str
    constants: Mapping[str, Constant] = field(hash=False)

    def __init__(self, text: str, **constants: Constant) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "constants", constants)


def given_unit(name: str, given: object, what: str) -> str:
    """Return the unit in which a constant is given.

    Args:
        name: of the constant, for messages.
        given: what the author wrote.
        what: whose constant it is, for messages.

    Raises:
        PhysicsError: no constant.
    """
    first = next(iter(given.values.values())) if isinstance(given, By) else given
    if isinstance(first, Shared):
        return first.prior.unit
    if isinstance(first, Prior):
        return first.unit
    if isinstance(first, (int, float)) and not isinstance(first, bool):
        return "1"
    try:
        if isinstance(first, str):
            return split_quantity(first)[1]
    except UnitError:
        pass
    raise PhysicsError(
        f"{name} in {what} must be a Prior, a quantity such as '0.1 mol/L', a number or By(...), "
        f"got {given!r}; a parameter of the space stands in the arithmetic itself, by its name"
    )
