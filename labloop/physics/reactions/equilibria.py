"""Solutions at chemical equilibrium, with constants that may depend on temperature."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    GAS_CONSTANT,
    By,
    Coefficient,
    CoefficientLike,
    Coefficients,
    broadcast_shape,
    stack_last,
)
from labloop.physics.models import BuildingBlock, Outputs
from labloop.physics.reactions.decorators import declared_in
from labloop.physics.reactions.rate_laws import reference_temperature
from labloop.physics.reactions.reaction_strings import (
    EquilibriumReaction,
    conserved_totals,
    parse_equilibrium,
    total_in_words,
)
from labloop.physics.reactions.speciation import EquilibriumSystem, speciate
from labloop.records import mapping_of

_CONCENTRATION = "mol/m^3"
_MOST_POWER = 3


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """An equilibrium whose constant does not depend on temperature.

    Args:
        reaction: such as ``Fe + L <-> FeL``.
        K: its constant over concentrations, in their unit: ``L/mol`` here.
    """

    reaction: str
    K: CoefficientLike


@dataclass(frozen=True, slots=True)
class VantHoff:
    """An equilibrium with ``K exp(-dH / R (1 / T - 1 / at))``.

    Args:
        reaction: such as ``HA <-> H + A``.
        K: its constant at the temperature ``at``, in the unit of the concentrations.
        dH: the reaction enthalpy, an energy per amount.
        at: the reference temperature, such as ``25 degC``.
    """

    reaction: str
    K: CoefficientLike
    dH: CoefficientLike  # noqa: N815 - as chemists write it
    at: str


@dataclass(frozen=True, slots=True)
class _EquilibriumConstant:
    k: Coefficient
    enthalpy: Coefficient | None
    at: float


class EquilibriumModel(BuildingBlock):
    """A :class:`~labloop.physics.PhysicsModel` of chemical equilibrium; see :func:`equilibrium`.

    Raises:
        PhysicsError: reactions, units or names that make no model, with what to write.
    """

    check_first = "its equilibria, their constants and what was fed"

    def __init__(
        self,
        name: str,
        reactions: Mapping[str, Equilibrium | VantHoff],
        *,
        feed: Mapping[str, CoefficientLike],
        temperature: CoefficientLike | None,
        outputs: Outputs,
        solvent: Sequence[str],
        lookup: Mapping[str, By] | None,
    ) -> None:
        feed = mapping_of(feed, f"feed= of equilibrium {name!r}", "{'HL': 'amount'}", PhysicsError)
        coefficients = Coefficients(name, lookup)
        balances = {label: parse_equilibrium(r.reaction) for label, r in reactions.items()}
        pure = {solvent} if isinstance(solvent, str) else set(solvent)
        self._build(name, balances, list(feed), pure)
        self._constants = [
            _constant(label, reactions[label], balances[label], pure, coefficients)
            for label in balances
        ]
        self._feed = {
            s: coefficients.add(f"{s}0", given, _CONCENTRATION, f"the feed of {s} in {name!r}")
            for s, given in feed.items()
        }
        self._temperature = (
            None
            if temperature is None
            else coefficients.add("temperature", temperature, "K", f"the temperature of {name!r}")
        )
        if self._temperature is None and any(c.enthalpy for c in self._constants):
            raise PhysicsError(
                f"equilibrium {name!r} has VantHoff reactions and no temperature=; name the "
                "parameter, such as temperature='temperature'"
            )
        amounts = {name: _CONCENTRATION for s in self.species for name in (s, f"{s}0")}
        if "H" in self.species:
            amounts.setdefault("pH", "1")
        super().__init__("equilibrium", name, coefficients, amounts, outputs)

    def _build(
        self, name: str, balances: Mapping[str, EquilibriumReaction], fed: list[str], pure: set[str]
    ) -> None:
        if not balances:
            raise PhysicsError(
                f"equilibrium {name!r} has no reaction; write one as "
                "K1 = Equilibrium('Fe + L <-> FeL', K=Prior(140, 'L/mol', fold=2))"
            )
        taking_part = dict.fromkeys(
            s for b in balances.values() for s in (*b.reactants, *b.products)
        )
        self.species = tuple(dict.fromkeys([*fed, *(s for s in taking_part if s not in pure)]))
        strange = [s for s in fed if s not in taking_part or s in pure]
        if strange:
            raise PhysicsError(
                f"equilibrium {name!r} feeds {', '.join(strange)}, which takes part in no reaction"
                " or is the solvent; leave it out of feed="
            )
        self._net = tuple(
            tuple(b.products.get(s, 0) - b.reactants.get(s, 0) for b in balances.values())
            for s in self.species
        )
        self._totals = conserved_totals(self._net)
        if len(self.species) - len(self._totals) < len(balances):
            raise PhysicsError(
                f"in equilibrium {name!r} one reaction follows from the others; leave it out, or "
                "the constants could contradict each other"
            )
        if not self._totals:
            raise PhysicsError(
                f"equilibrium {name!r} conserves nothing: its reactions make every species out "
                "of nothing; write where it comes from"
            )
        weights = [[float(v) for v in total] for total in self._totals]
        self._system = EquilibriumSystem.of(
            torch.tensor(self._net, dtype=torch.float64),
            torch.tensor(weights, dtype=torch.float64),
        )

    def _example(self) -> str:
        return f"{self.species[-1]} / {self.species[0]}0"

    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return quantity -> SI values ``[...]`` and curve -> values ``[..., n]``."""
        fed, found = self._fed_and_found(x, theta)
        values: dict[str, Tensor] = {}
        for i, s in enumerate(self.species):
            values[s], values[f"{s}0"] = found[..., i], fed[..., i]
        if "pH" in self._quantities and "pH" not in values:
            values["pH"] = -torch.log10(values["H"] / 1000.0)
        return values, {}

    def _fed_and_found(self, x: Mapping[str, Tensor], theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return what was fed and what there is, ``[..., S]`` in mol/m^3."""
        kelvin = self._temperature.value(x, theta) if self._temperature else None
        logs = []
        for constant in self._constants:
            value = torch.log(constant.k.value(x, theta).clamp_min(1e-300))
            if constant.enthalpy is not None and kelvin is not None:
                shift = 1.0 / kelvin - 1.0 / constant.at
                value = value - constant.enthalpy.value(x, theta) / GAS_CONSTANT * shift
            logs.append(value)
        log_k = stack_last(logs)
        given = {s: term.value(x, theta) for s, term in self._feed.items()}
        shape = broadcast_shape(*x.values(), *given.values(), log_k[..., 0], torch.zeros(()))
        zero = torch.zeros(shape, dtype=torch.float64)
        fed = torch.stack([given.get(s, zero).expand(shape) for s in self.species], dim=-1)
        return fed, speciate(self._system, log_k.expand(*shape, -1), fed)

    def balances(self, x: Mapping[str, Tensor], theta: Tensor) -> Mapping[str, Tensor]:
        """Return for every conserved total its change relative to what was fed, ``[...]``."""
        fed, found = self._fed_and_found(x, theta)
        scale = fed.sum(-1).clamp_min(1e-300)
        return {
            total_in_words(total, self.species): ((found - fed) @ weights) / scale
            for total, weights in zip(self._totals, self._system.totals, strict=True)
        }


def _constant(
    label: str,
    given: Equilibrium | VantHoff,
    balance: EquilibriumReaction,
    pure: set[str],
    coefficients: Coefficients,
) -> _EquilibriumConstant:
    power = sum(n for s, n in balance.products.items() if s not in pure)
    power -= sum(n for s, n in balance.reactants.items() if s not in pure)
    if abs(power) > _MOST_POWER:
        raise PhysicsError(
            f"equilibrium {balance.text!r} changes the number of particles by {power}; write it "
            f"as several steps of at most {_MOST_POWER}"
        )
    what = f"{label}.K of equilibrium {balance.text!r}"
    k = coefficients.add(f"{label}.K", given.K, _unit(power), what)
    if isinstance(given, Equilibrium):
        return _EquilibriumConstant(k, None, 0.0)
    what = f"{label}.dH of equilibrium {balance.text!r}"
    enthalpy = coefficients.add(f"{label}.dH", given.dH, "J/mol", what)
    return _EquilibriumConstant(
        k, enthalpy, reference_temperature(given.at, f"at= of equilibrium {label!r}")
    )


def _unit(power: int) -> str:
    """Return the SI unit of a concentration to a power from -3 to 3."""
    up = ("1", "mol/m^3", "mol^2/m^6", "mol^3/m^9")
    down = ("1", "m^3/mol", "m^6/mol^2", "m^9/mol^3")
    return up[power] if power >= 0 else down[-power]


Decorator: TypeAlias = Callable[[type], EquilibriumModel]


def equilibrium(
    *,
    feed: Mapping[str, CoefficientLike],
    outputs: Outputs,
    temperature: CoefficientLike | None = None,
    solvent: Sequence[str] = (),
    lookup: Mapping[str, By] | None = None,
) -> Decorator:
    """Return a decorator that makes a physics model of a class of equilibria.

    ::

        @equilibrium(feed={"Fe": "iron", "L": "ligand"}, temperature="temperature",
                     outputs={"bound": "FeL / Fe0"})
        class Complex:
            K1 = VantHoff("Fe + L <-> FeL", K=Prior(140, "L/mol", fold=2),
                          dH=Prior(-6, "kJ/mol", sd=5), at="25 degC")

    Args:
        feed: species -> what is put in: a parameter, arithmetic of parameters, or a quantity.
        outputs: output of the campaign -> arithmetic of species, fed amounts (``Fe0``), inputs
            and ``pH`` (where there is a species H); ``("FeL", "mol/L")`` where it has a unit.
        temperature: what VantHoff constants depend on.
        solvent: species of activity 1, such as ``["H2O"]``: they stand neither in the law of
            mass action nor in K's unit.
        lookup: a name for arithmetic -> its number by category.

    Raises:
        PhysicsError: reactions, units or names that make no model, with what to write.
    """

    def decorate(cls: type) -> EquilibriumModel:
        reactions: dict[str, Equilibrium | VantHoff] = {}
        for label, reaction in declared_in(cls, "equilibrium"):
            if not isinstance(reaction, (Equilibrium, VantHoff)):
                raise PhysicsError(
                    f"{label!r} of equilibrium {cls.__name__!r} is no equilibrium, got "
                    f"{reaction!r}; write Equilibrium(...) or VantHoff(...)"
                )
            reactions[label] = reaction
        model = EquilibriumModel(
            cls.__name__,
            reactions,
            feed=feed,
            temperature=temperature,
            outputs=outputs,
            solvent=solvent,
            lookup=lookup,
        )
        model.__doc__ = cls.__doc__
        return model

    return decorate
