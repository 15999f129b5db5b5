"""A rate law of one's own: arithmetic of concentrations, constants and parameters of the space."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    CoefficientLike,
    Coefficients,
    Expression,
    given_unit,
)
from labloop.physics.reactions.law_reads import Inputs, LawReads
from labloop.physics.reactions.rate_laws import (
    CoefficientFunction,
    RateExpression,
    arrhenius_factor,
)
from labloop.physics.reactions.reaction_strings import Reaction, parse_reaction


@dataclass(frozen=True, slots=True, init=False)
class RateLaw:
    """A reaction whose rate is arithmetic that the author writes.

    ::

        v = RateLaw("S -> P", "vmax * S / (Km + S + S**2 / Ki)",
                    vmax=Prior(20, "mmol/L/min", fold=2), Km=Prior(5, "mmol/L", fold=2),
                    Ki=Prior(80, "mmol/L", fold=3))

    In the rate stand species (their concentrations), the constants that are given by name,
    parameters of the space by their names, ``T`` (the temperature in K), ``R`` (the gas constant),
    numbers, quantities, ``+ - * / **``, exp, log and sqrt. Its unit must be that of a concentration
    over time, or of what ``units=`` says of the species that the reaction changes. An order that is
    no whole number stands on something without a unit: ``k * (A / ref)**n`` with ``ref="1 mol/L"``.
    The stoichiometry is that of the reaction alone.

    Args:
        reaction: such as ``A + 2 B -> P``; ``-> film`` comes from outside, ``water ->`` leaves.
        rate: the rate with which the reaction proceeds.
        Ea: an activation energy that multiplies the whole rate; then ``at`` is its temperature.
        at: the reference temperature, such as ``60 degC``.
        constants: name -> a :class:`Prior`, a :class:`Shared` one, a quantity such as
            ``0.1 mol/L``, a number, or :class:`By`.
    """

    reaction: str
    rate: str
    Ea: CoefficientLike | None
    at: str
    constants: Mapping[str, CoefficientLike] = field(hash=False)

    def __init__(
        self,
        reaction: str,
        rate: str,
        *,
        Ea: CoefficientLike | None = None,  # noqa: N803 - as chemists write it
        at: str = "",
        **constants: CoefficientLike,
    ) -> None:
        given = {"reaction": reaction, "rate": rate, "Ea": Ea, "at": at, "constants": constants}
        for name, value in given.items():
            object.__setattr__(self, name, value)

    def rate_expressions(self, label: str, coefficients: Coefficients) -> list[RateExpression]:
        """Return the reaction; its parameters are ``label.`` and the names of the constants."""
        reaction = parse_reaction(self.reaction, elementary=False)
        what = f"the rate of {label!r} ({self.reaction})"
        expression = Expression(self.rate, what)
        taken = [name for name in ("Ea", "at") if name in expression.names]
        if taken:
            raise PhysicsError(
                f"{what} reads {' and '.join(taken)}, but Ea= and at= of a RateLaw multiply the "
                "whole rate by its Arrhenius factor; leave them out of the rate, or call yours "
                "otherwise, such as E and T1"
            )
        unused = [name for name in self.constants if name not in expression.names]
        if unused:
            raise PhysicsError(
                f"{what} does not use {', '.join(unused)}; it reads {', '.join(expression.names)}"
            )
        units = {name: given_unit(name, c, what) for name, c in self.constants.items()}
        constants = {
            name: coefficients.add(f"{label}.{name}", given, units[name], f"{name} in {what}")
            for name, given in self.constants.items()
        }
        law = LawReads(expression, constants, units)
        return [
            RateExpression(
                reaction,
                self._constant(label, coefficients, reaction),
                needs_temperature=self.Ea is not None,
                law=law,
            )
        ]

    def _constant(
        self, label: str, coefficients: Coefficients, reaction: Reaction
    ) -> CoefficientFunction:
        def one(_x: Inputs, _theta: Tensor, _temperature: Tensor | None) -> Tensor:
            return torch.ones((), dtype=torch.float64)

        if self.Ea is None:
            return one
        return arrhenius_factor(label, one, self.Ea, self.at, coefficients, reaction)
