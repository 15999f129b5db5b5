"""Rate laws: mass action, enzymes, surfaces, electrodes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    GAS_CONSTANT,
    Coefficient,
    CoefficientLike,
    Coefficients,
    parse_known_value,
)
from labloop.physics.reactions.law_reads import Inputs, LawReads
from labloop.physics.reactions.reaction_strings import Reaction, parse_reaction, rate_unit

_FARADAY = 96485.33212331
_FARTHEST = 30.0
_PER_CONCENTRATION = "m^3/mol"
CoefficientFunction: TypeAlias = Callable[[Inputs, Tensor, Tensor | None], Tensor]
"""From SI inputs, parameters ``[..., p]`` and temperature in K to SI values ``[...]``."""


@dataclass(frozen=True, slots=True)
class RateExpression:
    """The rate of one reaction of a network.

    Rate = constant x mass action / (1 + sum of denominator x concentration)^power.
    """

    reaction: Reaction
    constant: CoefficientFunction
    denominator: Mapping[str, CoefficientFunction] = field(default_factory=dict)
    power: int = 1
    needs_temperature: bool = False
    """Whether a temperature is needed."""
    law: LawReads | None = None
    """Arithmetic that stands in the place of mass action; then the constant multiplies it."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A reaction whose rate constant does not depend on temperature."""

    reaction: str
    k: CoefficientLike

    def rate_expressions(self, label: str, coefficients: Coefficients) -> list[RateExpression]:
        """Return the reaction; its parameter is ``label.k``."""
        reaction = parse_reaction(self.reaction)
        return [
            RateExpression(
                reaction, _constant(label, "k", self.k, reaction.rate_unit, coefficients, reaction)
            )
        ]


@dataclass(frozen=True, slots=True)
class Arrhenius:
    """A reaction whose rate constant is ``k exp(-Ea / R (1 / T - 1 / at))``.

    Args:
        reaction: such as ``A + N -> P``; its rate follows mass action.
        k: the rate constant at the temperature ``at``.
        Ea: the activation energy, an energy per amount.
        at: the reference temperature, such as ``90 degC``.
    """

    reaction: str
    k: CoefficientLike
    Ea: CoefficientLike
    at: str = ""

    def rate_expressions(self, label: str, coefficients: Coefficients) -> list[RateExpression]:
        """Return the reaction; its parameters are ``label.k`` and ``label.Ea``."""
        reaction = parse_reaction(self.reaction)
        k = _constant(label, "k", self.k, reaction.rate_unit, coefficients, reaction)
        return [
            RateExpression(
                reaction,
                arrhenius_factor(label, k, self.Ea, self.at, coefficients, reaction),
                needs_temperature=True,
            )
        ]


@dataclass(frozen=True, slots=True)
class MichaelisMenten:
    """An enzyme: ``vmax S / (Km (1 + sum I / Ki) + S)`` (Michaelis & Menten, 1913).

    Args:
        reaction: such as ``S -> P``; the first reactant is the substrate, others (an enzyme
            that is fed, ``S + E -> P + E``) follow mass action.
        vmax: the greatest rate, a concentration over time; divided by the concentration of
            the other reactants where there are any (then it is kcat).
        Km: the concentration of half the greatest rate.
        inhibitors: species -> Ki of a competitive inhibitor, a concentration.
        Ea: an activation energy of vmax; then ``at`` is its reference temperature.
    """

    reaction: str
    vmax: CoefficientLike
    Km: CoefficientLike
    inhibitors: Mapping[str, CoefficientLike] = field(default_factory=dict)
    Ea: CoefficientLike | None = None
    at: str = ""

    def rate_expressions(self, label: str, coefficients: Coefficients) -> list[RateExpression]:
        """Return the reaction; its parameters are ``label.vmax``, ``label.Km``, ``label.Ki.I``."""
        reaction = parse_reaction(self.reaction)
        substrate = next(iter(reaction.reactants))
        if reaction.reactants[substrate] != 1:
            raise PhysicsError(
                f"MichaelisMenten({self.reaction!r}) takes {reaction.reactants[substrate]} "
                f"{substrate}; it needs one substrate with the factor 1, such as 'S -> P'"
            )
        unit = rate_unit(reaction.order - 1)
        vmax = _constant(label, "vmax", self.vmax, unit, coefficients, reaction)
        needs_temperature = self.Ea is not None
        if self.Ea is not None:
            vmax = arrhenius_factor(label, vmax, self.Ea, self.at, coefficients, reaction)
        km = _constant(label, "Km", self.Km, "mol/m^3", coefficients, reaction)
        denominator: dict[str, CoefficientFunction] = {substrate: _reciprocal(km)}
        for species, given in self.inhibitors.items():
            ki = _constant(label, f"Ki.{species}", given, "mol/m^3", coefficients, reaction)
            denominator[species] = _reciprocal(ki)
        return [RateExpression(reaction, _ratio(vmax, km), denominator, 1, needs_temperature)]


@dataclass(frozen=True, slots=True)
class Langmuir:
    """A reaction on a surface: ``k prod(c) / (1 + sum(K c))^power`` (Langmuir-Hinshelwood).

    Args:
        reaction: such as ``A + B -> P``.
        k: the rate constant where the surface is empty, as of mass action.
        adsorption: species -> its adsorption constant, one over a concentration.
        power: how many sites the slow step takes, 1 to 3.
        Ea: an activation energy of k; then ``at`` is its reference temperature.
    """

    reaction: str
    k: CoefficientLike
    adsorption: Mapping[str, CoefficientLike]
    power: int = 1
    Ea: CoefficientLike | None = None
    at: str = ""

    def rate_expressions(self, label: str, coefficients: Coefficients) -> list[RateExpression]:
        """Return the reaction; its parameters are ``label.k`` and ``label.K.A``."""
        reaction = parse_reaction(self.reaction)
        if self.power not in {1, 2, 3} or not self.adsorption:
            raise PhysicsError(
                f"Langmuir({self.reaction!r}) needs adsorption={{'A': Prior(...)}} and a power of "
                f"1, 2 or 3, got {self.power!r} and {dict(self.adsorption)!r}"
            )
        k = _constant(label, "k", self.k, reaction.rate_unit, coefficients, reaction)
        needs_temperature = self.Ea is not None
        if self.Ea is not None:
            k = arrhenius_factor(label, k, self.Ea, self.at, coefficients, reaction)
        denominator = {
            species: _constant(
                label, f"K.{species}", given, _PER_CONCENTRATION, coefficients, reaction
            )
            for species, given in self.adsorption.items()
        }
        return [RateExpression(reaction, k, denominator, self.power, needs_temperature)]


@dataclass(frozen=True, slots=True)
class ButlerVolmer:
    """A reduction and its reverse at an electrode (Bard & Faulkner, Electrochemical Methods).

    ``k0 a (O exp(-alpha n F (E - E0) / R T) - R exp((1 - alpha) n F (E - E0) / R T))``, limited by
    transport through a film where ``transfer`` is given (Koutecky-Levich).

    Args:
        reaction: such as ``O -> R``: one species on each side, reduced from left to right.
        k0: the standard rate constant, a velocity.
        E0: the formal potential.
        potential: the potential of the electrode, on the same scale as E0.
        area: electrode area over volume of the solution, one over a length.
        alpha: the transfer coefficient.
        electrons: how many are taken up.
        transfer: the transfer coefficient of the film, a velocity, the same for both species.
    """

    reaction: str
    k0: CoefficientLike
    E0: CoefficientLike
    potential: CoefficientLike
    area: CoefficientLike
    alpha: CoefficientLike = 0.5
    electrons: int = 1
    transfer: CoefficientLike | None = None

    def rate_expressions(self, label: str, coefficients: Coefficients) -> list[RateExpression]:
        """Return the reduction and the oxidation; parameters ``label.k0``, ``label.E0``, ..."""
        reaction = parse_reaction(self.reaction)
        sides = (reaction.reactants, reaction.products)
        if any(list(side.values()) != [1] for side in sides) or self.electrons not in range(1, 9):
            raise PhysicsError(
                f"ButlerVolmer({self.reaction!r}) needs one species on each side, such as "
                f"'O -> R', and 1 to 8 electrons, got {self.electrons!r}"
            )
        terms = _Electrode(
            self._add(label, "k0", self.k0, "m/s", coefficients),
            self._add(label, "E0", self.E0, "V", coefficients),
            self._add(label, "potential", self.potential, "V", coefficients),
            self._add(label, "area", self.area, "1/m", coefficients),
            self._add(label, "alpha", self.alpha, "1", coefficients),
            None
            if self.transfer is None
            else self._add(label, "transfer", self.transfer, "m/s", coefficients),
            self.electrons,
        )
        back = Reaction(f"{reaction.text} (back)", reaction.products, reaction.reactants)
        return [RateExpression(reaction, terms.reduction), RateExpression(back, terms.oxidation)]

    def _add(
        self, label: str, name: str, given: CoefficientLike, unit: str, coefficients: Coefficients
    ) -> Coefficient:
        what = f"{label}.{name} of reaction {self.reaction!r}"
        return coefficients.add(f"{label}.{name}", given, unit, what)


@dataclass(frozen=True, slots=True)
class _Electrode:
    k0: Coefficient
    e0: Coefficient
    potential: Coefficient
    area: Coefficient
    alpha: Coefficient
    transfer: Coefficient | None
    electrons: int

    def reduction(self, x: Inputs, theta: Tensor, temperature: Tensor | None) -> Tensor:
        return self._both(x, theta, temperature)[0]

    def oxidation(self, x: Inputs, theta: Tensor, temperature: Tensor | None) -> Tensor:
        return self._both(x, theta, temperature)[1]

    def _both(self, x: Inputs, theta: Tensor, temperature: Tensor | None) -> tuple[Tensor, Tensor]:
        kelvin = torch.tensor(298.15, dtype=torch.float64) if temperature is None else temperature
        over = self.potential.value(x, theta) - self.e0.value(x, theta)
        push = self.electrons * _FARADAY / (GAS_CONSTANT * kelvin) * over
        alpha, k0 = self.alpha.value(x, theta), self.k0.value(x, theta)
        # Beyond a factor e^30 a reaction is instantaneous; without a limit exp overflows.
        down = k0 * torch.exp((-alpha * push).clamp(-_FARTHEST, _FARTHEST))
        up = k0 * torch.exp(((1.0 - alpha) * push).clamp(-_FARTHEST, _FARTHEST))
        area = self.area.value(x, theta)
        if self.transfer is None:
            return area * down, area * up
        film = 1.0 + (down + up) / self.transfer.value(x, theta)
        return area * down / film, area * up / film


def _constant(
    label: str,
    name: str,
    given: CoefficientLike,
    unit: str,
    coefficients: Coefficients,
    reaction: Reaction,
) -> CoefficientFunction:
    term = coefficients.add(
        f"{label}.{name}", given, unit, f"{label}.{name} of reaction {reaction.text!r}"
    )
    return lambda x, theta, _temperature: term.value(x, theta)


def arrhenius_factor(
    label: str,
    k: CoefficientFunction,
    energy: CoefficientLike,
    at: str,
    coefficients: Coefficients,
    reaction: Reaction,
) -> CoefficientFunction:
    """Return ``k`` with its Arrhenius factor; adds the parameter ``label.Ea``."""
    term = coefficients.add(
        f"{label}.Ea", energy, "J/mol", f"{label}.Ea of reaction {reaction.text!r}"
    )
    kelvin = reference_temperature(at, f"at= of reaction {label!r}")

    def constant(x: Inputs, theta: Tensor, temperature: Tensor | None) -> Tensor:
        assert temperature is not None  # noqa: S101 - steps that are hot are refused without
        shift = 1.0 / temperature - 1.0 / kelvin
        return k(x, theta, temperature) * torch.exp(-term.value(x, theta) / GAS_CONSTANT * shift)

    return constant


def reference_temperature(at: str, what: str) -> float:
    """Return a reference temperature in K; raises PhysicsError."""
    kelvin = parse_known_value(what, at, "K").constant if at and isinstance(at, str) else None
    if kelvin is None or kelvin <= 0:
        raise PhysicsError(f"{what} must be a temperature such as '90 degC', got {at!r}")
    return kelvin


def _reciprocal(k: CoefficientFunction) -> CoefficientFunction:
    return lambda x, theta, temperature: 1.0 / k(x, theta, temperature)


def _ratio(k: CoefficientFunction, by: CoefficientFunction) -> CoefficientFunction:
    return lambda x, theta, temperature: k(x, theta, temperature) / by(x, theta, temperature)
