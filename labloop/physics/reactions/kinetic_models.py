"""Reaction kinetics in a closed or dosed vessel, in plug flow, or in a stirred flow vessel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    By,
    Coefficient,
    CoefficientLike,
    Coefficients,
    Course,
    broadcast_shape,
    stack_last,
)
from labloop.physics.models import BuildingBlock, Outputs
from labloop.physics.reactions.integrator import STEPS, Dosing, integrate
from labloop.physics.reactions.network import Network, RateConstants
from labloop.physics.reactions.rate_laws import Law, RateExpression
from labloop.physics.reactions.reaction_strings import (
    conserved_totals,
    net_stoichiometry,
    species_of,
    total_in_words,
)
from labloop.physics.reactions.steady_state import steady_state, steady_state_residual

_CONCENTRATION = "mol/m^3"
_ACCELERATING = 3
_MOST_STEPS = 5000
Reactor: TypeAlias = Literal["tube", "cstr"]


@dataclass(frozen=True, slots=True)
class Dose:
    """A solution that is dosed evenly into a vessel, whose volume grows by it.

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
class _DoseCoefficients:
    """The dosed solution as terms."""

    feed: Mapping[str, Coefficient]
    volume: Coefficient
    over: Coefficient
    into: Coefficient


class Kinetics(BuildingBlock):
    """A :class:`~labloop.physics.PhysicsModel` of reactions; see :func:`kinetics`.

    Parameters are called ``<label>.k`` and ``<label>.Ea``; the fed amount of a species A is
    ``A0`` in output expressions: what its concentration would be had nothing reacted.

    Raises:
        PhysicsError: reactions, units or names that make no model, with what to write.
    """

    def __init__(
        self,
        name: str,
        laws: Mapping[str, Law],
        *,
        feed: Mapping[str, CoefficientLike],
        time: CoefficientLike,
        temperature: CoefficientLike | None = None,
        outputs: Outputs,
        dose: Dose | None = None,
        reactor: Reactor = "tube",
        curves: Mapping[str, Course] | None = None,
        lookup: Mapping[str, By] | None = None,
        steps: int | None = None,
    ) -> None:
        _check_reactor(name, reactor, dose, curves)
        coefficients = Coefficients(name, lookup)
        self._reactor = reactor
        self._rates = [
            step
            for label, law in laws.items()
            for step in law.rate_expressions(label, coefficients)
        ]
        dosed = dose.feed if dose else {}
        _check_species(name, self._rates, [*feed, *dosed])
        self._build_network(list(dict.fromkeys([*feed, *dosed])))
        self.integration_steps = self._number_of_steps(steps)
        self._feed = {
            s: coefficients.add(f"{s}0", given, _CONCENTRATION, f"the feed of {s} in {name!r}")
            for s, given in feed.items()
        }
        self._dose = _dose_coefficients(name, dose, coefficients)
        self._time = coefficients.add("time", time, "s", f"the time of {name!r}")
        self._temperature = _temperature(name, temperature, self._rates, coefficients)
        amounts = {name: _CONCENTRATION for s in self.species for name in (s, f"{s}0")}
        self._check_amounts(name)
        super().__init__("kinetics", name, coefficients, amounts, outputs, courses=curves)

    def _example(self) -> str:
        return f"{self.species[-1]} / {self.species[0]}0"

    def _build_network(self, fed: list[str]) -> None:
        reactions = [step.reaction for step in self._rates]
        self.species = species_of(reactions, fed)
        self._net = net_stoichiometry(reactions, self.species)
        reacting = [
            [self.species.index(s) for s, order in r.reactants.items() for _ in range(order)]
            for r in reactions
        ]
        self._network = Network.of(self._net, reacting)
        strange = {s for step in self._rates for s in step.denominator} - set(self.species)
        if strange:
            raise PhysicsError(
                f"a rate law speaks of {', '.join(sorted(strange))}, which takes part in no "
                "reaction and is not fed; correct the name or feed it"
            )

    def _number_of_steps(self, steps: int | None) -> int:
        """Return how many steps are taken; none for a steady state."""
        if steps is not None and (not isinstance(steps, int) or not 1 <= steps <= _MOST_STEPS):
            raise PhysicsError(
                f"steps must be a whole number from 1 to {_MOST_STEPS}, got {steps!r}"
            )
        if self._reactor == "cstr":
            return 0
        if steps is not None:
            return steps
        # Rates that grow while their reactant is used up need a finer grid at the end.
        rows = {s: i for i, s in enumerate(self.species)}
        grows = any(
            any(self._net[rows[s]][r] > 0 for s in step.reaction.reactants)
            or (step.power > 1 and any(self._net[rows[s]][r] < 0 for s in step.denominator))
            for r, step in enumerate(self._rates)
        )
        return STEPS * _ACCELERATING if grows else STEPS

    def _check_amounts(self, name: str) -> None:
        double = [f"{s}0" for s in self.species if f"{s}0" in self.species]
        if double:
            raise PhysicsError(
                f"kinetics {name!r} uses {', '.join(double)} for two things: a species and a fed "
                "amount (A0); rename the species"
            )

    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return quantity -> SI values ``[...]`` and curve -> values ``[..., n]``."""
        end = self._time.value(x, theta)
        solved = self._by_species(*self._concentrations(x, theta, end, self.integration_steps))
        curves = {}
        longer = {name: value.unsqueeze(-1) for name, value in x.items()}
        for label, axis in self.curves.items():
            times = torch.minimum(axis.si(), end.unsqueeze(-1))
            after = self._concentrations(longer, theta.unsqueeze(-2), times, self.integration_steps)
            curves[label] = self._course(label, {**longer, **self._by_species(*after)})
        return solved, curves

    def _by_species(self, fed: Tensor, after: Tensor) -> dict[str, Tensor]:
        found = {}
        for i, s in enumerate(self.species):
            found[s], found[f"{s}0"] = after[..., i], fed[..., i]
        return found

    def fed(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the concentrations at the start, ``[..., S]`` in mol/m^3."""
        return self._amounts(self._feed, x, theta)

    def _amounts(
        self, terms: Mapping[str, Coefficient], x: Mapping[str, Tensor], theta: Tensor
    ) -> Tensor:
        given = {s: term.value(x, theta) for s, term in terms.items()}
        shape = broadcast_shape(*x.values(), *given.values(), torch.zeros(()))
        zero = torch.zeros(shape, dtype=torch.float64)
        return torch.stack([given.get(s, zero).expand(shape) for s in self.species], dim=-1)

    def course(self, x: Mapping[str, Tensor], theta: Tensor, points: int = 50) -> Tensor:
        """Return the concentrations over time, ``[..., points, S]`` in mol/m^3.

        The points are spread evenly from 0 to the time of each experiment.
        """
        end = self._time.value(x, theta).unsqueeze(-1)
        share = torch.linspace(0.0, 1.0, points, dtype=torch.float64)
        longer = {name: value.unsqueeze(-1) for name, value in x.items()}
        return self._concentrations(
            longer, theta.unsqueeze(-2), end * share, self.integration_steps
        )[1]

    def balances(self, x: Mapping[str, Tensor], theta: Tensor) -> Mapping[str, Tensor]:
        """Return for every conserved total its change relative to what was fed, ``[...]``."""
        fed, after = self._concentrations(
            x, theta, self._time.value(x, theta), self.integration_steps
        )
        scale = fed.sum(-1).clamp_min(1e-300)
        found: dict[str, Tensor] = {}
        for total in conserved_totals(self._net):
            weights = torch.tensor([float(v) for v in total], dtype=torch.float64)
            found[total_in_words(total, self.species)] = ((after - fed) @ weights) / scale
        if self._reactor == "cstr":
            laws, time = self._rate_constants(x, theta), self._time.value(x, theta)
            short = steady_state_residual(self._network, laws, fed, time)
            found["the steady state (in + made = out)"] = short.abs().amax(-1) / scale
        return found

    def refined(self, x: Mapping[str, Tensor], theta: Tensor, steps: int) -> Tensor:
        """Return the end's concentrations over all that was fed, by a grid of ``steps``.

        Shape ``[..., S]``, dimensionless.
        """
        fed, after = self._concentrations(x, theta, self._time.value(x, theta), steps)
        return after / fed.sum(-1, keepdim=True).clamp_min(1e-300)

    def time_scales(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the pace of each reaction in 1/s at what was fed, ``[..., R]``."""
        fed, _ = self._concentrations(x, theta, self._time.value(x, theta), 1)
        most = fed.sum(-1, keepdim=True).clamp_min(1e-300)
        k = self._rate_constants(x, theta).k
        order = self._network.to(k.device).order[:, 0]
        return k * most ** (order - 1.0).clamp_min(0.0)

    def _rate_constants(self, x: Mapping[str, Tensor], theta: Tensor) -> RateConstants:
        kelvin = self._temperature.value(x, theta) if self._temperature else None
        k = stack_last([step.constant(x, theta, kelvin) for step in self._rates])
        if not any(step.denominator for step in self._rates):
            return RateConstants(k)
        none = torch.zeros((), dtype=torch.float64)
        entries = [
            step.denominator[s](x, theta, kelvin) if s in step.denominator else none
            for step in self._rates
            for s in self.species
        ]
        denominator = stack_last(entries)
        denominator = denominator.reshape(
            *denominator.shape[:-1], len(self._rates), len(self.species)
        )
        power = torch.tensor([[float(step.power)] for step in self._rates], dtype=torch.float64)
        shape = broadcast_shape(k[..., 0], denominator[..., 0, 0])
        return RateConstants(k.expand(*shape, -1), denominator.expand(*shape, -1, -1), power)

    def _concentrations(
        self, x: Mapping[str, Tensor], theta: Tensor, time: Tensor, steps: int
    ) -> tuple[Tensor, Tensor]:
        """Return what there would be without reaction, and what there is: mol/m^3."""
        fed, laws = self.fed(x, theta), self._rate_constants(x, theta)
        if self._reactor == "cstr":
            return fed, steady_state(self._network, laws, fed, time)
        if self._dose is None:
            return fed, integrate(self._network, laws, fed, time, steps)
        relative_volume = self._dose.volume.value(x, theta) / self._dose.into.value(x, theta)
        over = self._dose.over.value(x, theta)
        amount = self._amounts(self._dose.feed, x, theta) * relative_volume.unsqueeze(-1)
        dosing = Dosing(amount, relative_volume, over)
        after = integrate(self._network, laws, fed, time, steps, dosing)
        share = torch.where(time >= over, 1.0, time / torch.where(time >= over, 1.0, over))
        volume = (1.0 + relative_volume * share).unsqueeze(-1)
        return (fed + amount * share.unsqueeze(-1)) / volume, after / volume

    def __repr__(self) -> str:
        return f"<kinetics {self.name}: {', '.join(s.reaction.text for s in self._rates)}>"


def _check_reactor(
    name: str, reactor: str, dose: Dose | None, courses: Mapping[str, Course] | None
) -> None:
    if dose is not None and (not isinstance(dose, Dose) or not dose.feed):
        raise PhysicsError(
            f"dose= of kinetics {name!r} must be Dose({{'N': '2 mol/L'}}, volume=..., over=..., "
            f"into=...), got {dose!r}"
        )
    if reactor not in {"tube", "cstr"}:
        raise PhysicsError(f"the reactor of kinetics {name!r} is 'tube' or 'cstr', got {reactor!r}")
    if reactor == "cstr" and (dose is not None or courses):
        raise PhysicsError(
            f"kinetics {name!r} is a cstr, which is solved at its steady state; it has neither "
            "dose= nor curves= over time"
        )


def _check_species(name: str, steps: list[RateExpression], fed: list[str]) -> None:
    if not steps:
        raise PhysicsError(
            f"kinetics {name!r} has no reaction; write one as "
            "k1 = Arrhenius('A -> P', k=Prior(...), Ea=Prior(...), at='90 degC')"
        )
    reactions = [step.reaction for step in steps]
    present = set(fed)
    for _ in reactions:
        for reaction in reactions:
            if present.issuperset(reaction.reactants):
                present |= set(reaction.products)
    taking_part = species_of(reactions, ())
    missing = [s for s in taking_part if s not in present]
    if missing:
        raise PhysicsError(
            f"kinetics {name!r} never has any {', '.join(missing)}: neither fed nor "
            "made; add it to feed= or correct the reactions"
        )
    in_denominators = {s for step in steps for s in step.denominator}
    idle = [s for s in fed if s not in taking_part and s not in in_denominators]
    if idle:
        raise PhysicsError(
            f"kinetics {name!r} feeds {', '.join(idle)}, which takes part in no reaction"
        )


def _temperature(
    name: str,
    given: CoefficientLike | None,
    steps: list[RateExpression],
    coefficients: Coefficients,
) -> Coefficient | None:
    if given is not None:
        return coefficients.add("temperature", given, "K", f"the temperature of {name!r}")
    if any(step.needs_temperature for step in steps):
        raise PhysicsError(
            f"kinetics {name!r} has Arrhenius reactions and no temperature=; "
            "name the parameter, such as temperature='temperature'"
        )
    return None


def _dose_coefficients(
    name: str, dose: Dose | None, coefficients: Coefficients
) -> _DoseCoefficients | None:
    if dose is None:
        return None
    feed = {
        s: coefficients.add(f"dosed.{s}", given, _CONCENTRATION, f"the dosed {s} of {name!r}")
        for s, given in dose.feed.items()
    }
    return _DoseCoefficients(
        feed,
        coefficients.add("dose.volume", dose.volume, "m^3", f"the dosed volume of {name!r}"),
        coefficients.add("dose.over", dose.over, "s", f"the dosing time of {name!r}"),
        coefficients.add("dose.into", dose.into, "m^3", f"the volume at the start of {name!r}"),
    )
