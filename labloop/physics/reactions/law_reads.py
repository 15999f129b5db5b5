"""What a rate law of one's own reads beside concentrations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.physics.language import GAS, GAS_CONSTANT, Coefficient, Expression

Inputs: TypeAlias = Mapping[str, Tensor]
TEMPERATURE = "T"


def starts_of(species: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the amounts at the start are called: ``A0``."""
    return tuple(f"{s}0" for s in species)


@dataclass(frozen=True, slots=True)
class LawReads:
    """What a law reads beside concentrations.

    Attributes:
        expression: the rate, in SI.
        constants: its constants.
        units: constant -> its unit.
    """

    expression: Expression
    constants: Mapping[str, Coefficient]
    units: Mapping[str, str]

    def others(self, species: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names that are neither species nor constants: parameters of the space."""
        known = {*species, *starts_of(species), *self.constants, TEMPERATURE, GAS}
        return tuple(name for name in self.expression.names if name not in known)

    def starts(self, species: tuple[str, ...]) -> tuple[str, ...]:
        """Return the species whose amount at the start is read, as ``A0``."""
        read = {*self.expression.names} - {*self.constants}
        return tuple(s for s in species if f"{s}0" in read)

    def reads_temperature(self, species: tuple[str, ...]) -> bool:
        """Return whether it reads the temperature that is set, no constant or species ``T``."""
        return TEMPERATURE in self.expression.names and TEMPERATURE not in {
            *self.constants,
            *species,
        }

    def values(
        self, species: tuple[str, ...], x: Inputs, theta: Tensor, temperature: Tensor | None
    ) -> dict[str, Tensor]:
        """Return name -> SI values of all that is read beside concentrations."""
        found = {name: constant.value(x, theta) for name, constant in self.constants.items()}
        found |= {name: x[name] for name in self.others(species)}
        if self.reads_temperature(species):
            assert temperature is not None  # noqa: S101 - refused without
            found[TEMPERATURE] = temperature
        if GAS in self.expression.names and GAS not in found:
            found[GAS] = torch.tensor(GAS_CONSTANT, dtype=torch.float64)
        return found

    def sample_units(self, species: tuple[str, ...], units: Mapping[str, str]) -> dict[str, str]:
        """Return the unit of every name but the species, given those of the parameters."""
        every = {TEMPERATURE: "K", GAS: "J/mol/K", **self.units}
        return every | {name: units[name] for name in self.others(species) if name in units}
