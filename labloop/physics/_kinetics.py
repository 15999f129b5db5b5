"""Reaction kinetics in a closed vessel, or in plug flow at its residence time."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics._binding import BoundPhysics
from labloop.physics._expression import Expression
from labloop.physics._integrator import Network, integrate
from labloop.physics._model import PhysicsInput
from labloop.physics._prior import PhysicsParameter, Prior
from labloop.physics._reactions import (
    Reaction,
    conserved_totals,
    net_stoichiometry,
    parse_reaction,
    species_of,
    total_in_words,
)
from labloop.physics._shapes import common_shape, stack_last
from labloop.physics._sources import Source, check_dimension, evaluate, samples, source
from labloop.physics._units import si_line
from labloop.space import SearchSpace
from labloop.units import same_dimension

_GAS_CONSTANT = 8.31446261815324
_CONCENTRATION = "mol/m^3"


@dataclass(frozen=True, slots=True)
class Rate:
    """A reaction whose rate constant does not depend on temperature."""

    reaction: str
    k: Prior


@dataclass(frozen=True, slots=True)
class Arrhenius:
    """A reaction whose rate constant is ``k exp(-Ea / R (1 / T - 1 / at))``.

    Args:
        reaction: such as ``A + N -> P``; its rate follows mass action.
        k: prior of the rate constant at the temperature ``at``.
        Ea: prior of the activation energy, an energy per amount.
        at: the reference temperature, such as ``90 degC``.
    """

    reaction: str
    k: Prior
    Ea: Prior
    at: str


class Kinetics:
    """A :class:`~labloop.physics.PhysicsModel` of mass-action reactions; see :func:`kinetics`.

    Parameters are called ``<label>.k`` and ``<label>.Ea``; the fed amount of a species A is
    ``A0`` in output expressions.

    Raises:
        PhysicsError: reactions, units or names that make no model, with what to write.
    """

    def __init__(
        self,
        name: str,
        steps: Mapping[str, Arrhenius | Rate],
        *,
        feed: Mapping[str, str],
        time: str,
        temperature: str | None,
        outputs: Mapping[str, str | tuple[str, str]],
    ) -> None:
        self.name = name
        self._reactions = {label: parse_reaction(step.reaction) for label, step in steps.items()}
        self._check_species(feed)
        self._build_network(feed)
        self._build_rates(steps, temperature)
        self._feed = {
            s: source(f"the feed of {s} in {name!r}", t, _CONCENTRATION) for s, t in feed.items()
        }
        self._time = source(f"the time of {name!r}", time, "s")
        self._outputs = {output: _output(name, output, given) for output, given in outputs.items()}
        self._check_names()

    def _check_species(self, feed: Mapping[str, str]) -> None:
        if not self._reactions:
            raise PhysicsError(
                f"kinetics {self.name!r} has no reaction; write one as "
                "k1 = Arrhenius('A -> P', k=Prior(...), Ea=Prior(...), at='90 degC')"
            )
        present = set(feed)
        for _ in self._reactions:
            for reaction in self._reactions.values():
                if present.issuperset(reaction.reactants):
                    present |= set(reaction.products)
        taking_part = species_of(list(self._reactions.values()), ())
        missing = [s for s in taking_part if s not in present]
        if missing:
            raise PhysicsError(
                f"kinetics {self.name!r} never has any {', '.join(missing)}: neither fed nor "
                "made; add it to feed= or correct the reactions"
            )
        idle = [s for s in feed if s not in taking_part]
        if idle:
            raise PhysicsError(
                f"kinetics {self.name!r} feeds {', '.join(idle)}, which takes part in no reaction"
            )

    def _build_network(self, feed: Mapping[str, str]) -> None:
        reactions = list(self._reactions.values())
        self.species = species_of(reactions, list(feed))
        self._net = net_stoichiometry(reactions, self.species)
        reacting = [
            [self.species.index(s) for s, order in r.reactants.items() for _ in range(order)]
            for r in reactions
        ]
        self._network = Network.of(self._net, reacting)

    def _build_rates(self, steps: Mapping[str, Arrhenius | Rate], temperature: str | None) -> None:
        parameters: list[PhysicsParameter] = []
        self._columns: list[tuple[int, int | None, float]] = []
        for label, step in steps.items():
            reaction = self._reactions[label]
            parameters.append(_parameter(f"{label}.k", step.k, reaction.rate_unit, reaction))
            column, energy, at = len(parameters) - 1, None, 0.0
            if isinstance(step, Arrhenius):
                parameters.append(_parameter(f"{label}.Ea", step.Ea, "J/mol", reaction))
                energy = column + 1
                at = source(f"at= of reaction {label!r}", step.at, "K").constant or 0.0
                if at <= 0:
                    raise PhysicsError(
                        f"at= of reaction {label!r} must be a temperature such as '90 degC', "
                        f"got {step.at!r}"
                    )
            self._columns.append((column, energy, at))
        self.parameters: tuple[PhysicsParameter, ...] = tuple(parameters)
        self._temperature: Source | None = None
        if temperature is not None:
            self._temperature = source(f"the temperature of {self.name!r}", temperature, "K")
        elif any(energy is not None for _, energy, _ in self._columns):
            raise PhysicsError(
                f"kinetics {self.name!r} has Arrhenius reactions and no temperature=; "
                "name the parameter, such as temperature='temperature'"
            )

    def _check_names(self) -> None:
        inputs = {i.name for i in self.inputs}
        fed = {f"{s}0" for s in self.species}
        double = sorted((inputs & (set(self.species) | fed)) | (fed & set(self.species)))
        if double:
            raise PhysicsError(
                f"kinetics {self.name!r} uses {', '.join(double)} for two things: a species, "
                "a fed amount (A0) or an input; rename one"
            )
        if not self._outputs:
            raise PhysicsError(f"kinetics {self.name!r} needs outputs={{'name': 'P / A0'}}")
        known = {*self.species, *fed, *inputs}
        for output, (expression, _) in self._outputs.items():
            strange = [n for n in expression.names if n not in known]
            if strange:
                raise PhysicsError(
                    f"output {output!r} of kinetics {self.name!r} uses {', '.join(strange)}; "
                    f"known are {', '.join(sorted(known))}"
                )

    def _all_sources(self) -> list[Source]:
        extra = [self._temperature] if self._temperature else []
        return [*self._feed.values(), self._time, *extra]

    @property
    def inputs(self) -> tuple[PhysicsInput, ...]:
        """The space's parameters that are read: feed, time, temperature."""
        found: dict[str, str | None] = {}
        for given in self._all_sources():
            for name in given.names:
                found[name] = given.unit if given.is_name else found.get(name)
        return tuple(PhysicsInput(name, unit) for name, unit in found.items())

    @property
    def outputs(self) -> tuple[str, ...]:
        """The declared outputs."""
        return tuple(self._outputs)

    @property
    def output_units(self) -> tuple[str, ...]:
        """The unit of each output."""
        return tuple(unit for _, unit in self._outputs.values())

    def bind(self, space: SearchSpace) -> BoundPhysics:
        """Return this model on ``space``; raises PhysicsError where they do not fit."""
        return BoundPhysics(self, space)

    def check_units(self, units: Mapping[str, str]) -> None:
        """Raise PhysicsError where feeds, time or outputs have another dimension."""
        for given in self._all_sources():
            given.check(units)
        amounts = {name: _CONCENTRATION for s in self.species for name in (s, f"{s}0")}
        values = samples({**units, **amounts})
        for expression, unit in self._outputs.values():
            check_dimension(expression, unit, values)

    def predict(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the outputs ``[..., m]`` at SI inputs and parameters ``[..., p]``."""
        fed = self.fed(x)
        return self._evaluate(x, fed, self._advance(x, theta, fed, self._time.value(x)))

    def fed(self, x: Mapping[str, Tensor]) -> Tensor:
        """Return the concentrations at the start, ``[..., S]`` in mol/m^3."""
        shape = common_shape(*x.values(), torch.zeros(()))
        zero = torch.zeros(shape, dtype=torch.float64)
        return torch.stack(
            [
                self._feed[s].value(x).expand(shape) if s in self._feed else zero
                for s in self.species
            ],
            dim=-1,
        )

    def course(self, x: Mapping[str, Tensor], theta: Tensor, points: int = 50) -> Tensor:
        """Return the concentrations over time, ``[..., points, S]`` in mol/m^3.

        The points are spread evenly from 0 to the time of each experiment.
        """
        fed, end = self.fed(x), self._time.value(x)
        share = torch.linspace(0.0, 1.0, points, dtype=torch.float64)
        longer = {name: value.unsqueeze(-1) for name, value in x.items()}
        return self._advance(
            longer, theta.unsqueeze(-2), fed.unsqueeze(-2), end.unsqueeze(-1) * share
        )

    def balances(self, x: Mapping[str, Tensor], theta: Tensor) -> Mapping[str, Tensor]:
        """Return for every conserved total its change relative to what was fed, ``[...]``."""
        fed = self.fed(x)
        after = self._advance(x, theta, fed, self._time.value(x))
        scale = fed.sum(-1).clamp_min(1e-300)
        found: dict[str, Tensor] = {}
        for total in conserved_totals(self._net):
            weights = torch.tensor([float(Fraction(v)) for v in total], dtype=torch.float64)
            found[total_in_words(total, self.species)] = ((after - fed) @ weights) / scale
        return found

    def _advance(self, x: Mapping[str, Tensor], theta: Tensor, fed: Tensor, time: Tensor) -> Tensor:
        temperature = self._temperature.value(x) if self._temperature else None
        constants = []
        for column, energy, at in self._columns:
            k = theta[..., column]
            if energy is not None and temperature is not None:
                k = k * torch.exp(
                    -theta[..., energy] / _GAS_CONSTANT * (1.0 / temperature - 1.0 / at)
                )
            constants.append(k)
        return integrate(self._network, stack_last(constants), fed, time)

    def _evaluate(self, x: Mapping[str, Tensor], fed: Tensor, after: Tensor) -> Tensor:
        values = dict(x)
        for i, s in enumerate(self.species):
            values[s] = after[..., i]
            values[f"{s}0"] = fed[..., i]
        columns = []
        for expression, unit in self._outputs.values():
            factor, offset = si_line(unit)
            value = (evaluate(expression, values) - offset) / factor
            columns.append(value.expand(after.shape[:-1]))
        return torch.stack(columns, dim=-1)

    def __repr__(self) -> str:
        steps = ", ".join(f"{label}: {r.text}" for label, r in self._reactions.items())
        return f"<kinetics {self.name}: {steps}>"


def _parameter(name: str, prior: Prior, unit: str, reaction: Reaction) -> PhysicsParameter:
    if not same_dimension(prior.unit, unit):
        raise PhysicsError(
            f"{name} of reaction {reaction.text!r} is given in {prior.unit!r}; "
            f"it needs a unit like {unit!r}"
        )
    return PhysicsParameter(name, prior)


def _output(model: str, output: str, given: str | tuple[str, str]) -> tuple[Expression, str]:
    text, unit = (given, "1") if isinstance(given, str) else given
    si_line(unit)
    return Expression(text, f"output {output!r} of {model!r}"), unit
