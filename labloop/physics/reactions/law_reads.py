"""What a rate law of one's own reads beside concentrations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.physics.language import GAS, GAS_CONSTANT, Coefficient, Expression

Inputs: TypeAlias = Mapping[str, Tensor]
TEMPERATURE = "T"


@dataclass(frozen=True, slots=True)
class LawReads:
    """What a law reads beside concentrations.

    Attributes:
        expression: the rate, in mol/m^3/s.
        constants: its constants.
        units: constant -> its unit.
    """

    expression: Expression
    constants: Mapping[str, Coefficient]
    units: Mapping[str, str]

    def others(self, species: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names that are neither species nor constants: parameters of the space."""
        known = {*species, *self.constants, TEMPERATURE, GAS}
        return tuple(name for name in self.expression.names if name not in known)

    def values(
        self, species: tuple[str, ...], x: Inputs, theta: Tensor, temperature: Tensor | None
    ) -> dict[str, Tensor]:
        """Return name -> SI values of all that is read beside concentrations."""
        found = {name: constant.value(x, theta) for name, constant in self.constants.items()}
        found |= {name: x[name] for name in self.others(species)}
        if TEMPERATURE in self.expression.names and TEMPERATURE not in found:
            assert temperature is not None  # noqa: S101 - refused without
            found[TEMPERATURE] = temperature
        if GAS in self.expression.names and GAS not in found:
            found[GAS] = torch.tensor(GAS_CONSTANT, dtype=torch.float64)
        return found

    def sample_units(self, species: tuple[str, ...], units: Mapping[str, str]) -> dict[str, str]:
        """Return the unit of every name, given those of the space's parameters."""
        every = {TEMPERATURE: "K", GAS: "J/mol/K", **self.units}
        every |= {name: units[name] for name in self.others(species) if name in units}
        return every | dict.fromkeys(species, "mol/m^3")
