"""Reaction kinetics in a closed or dosed vessel, in plug flow, or in a stirred flow vessel."""

from collections.abc import Mapping
from functools import reduce
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    By,
    CoefficientLike,
    Coefficients,
    Course,
    Profile,
    ProfileCoefficients,
    broadcast_shape,
    check_dimension,
    profile_coefficients,
)
from labloop.physics.models import BuildingBlock, Outputs
from labloop.physics.reactions.dosing import Dose, dose_coefficients
from labloop.physics.reactions.integration.driven import Driven, integrate_driven
from labloop.physics.reactions.integration.integrator import STEPS, flatten, integrate
from labloop.physics.reactions.integration.network import RateConstants
from labloop.physics.reactions.integration.steady_state import (
    CELLS,
    Cascade,
    steady_state,
    steady_state_residual,
)
from labloop.physics.reactions.laws import Law
from labloop.physics.reactions.reaction_strings import (
    conserved_totals,
    total_in_words,
)
from labloop.physics.reactions.reaction_system import ReactionSystem
from labloop.records import mapping_of

_ACCELERATING = 3
_MOST_STEPS = 5000
_MOST_TANKS = 50
_SMALL = 1e-3
Reactor: TypeAlias = Literal["tube", "cstr", "dispersed"]


class Kinetics(BuildingBlock):
    """A :class:`~labloop.physics.PhysicsModel` of reactions; see :func:`kinetics`.

    Parameters are called ``<label>.k`` and ``<label>.Ea``. In output expressions ``A`` is the
    concentration of species A, and ``A0`` what it would be without any reaction.

    Raises:
        PhysicsError: reactions, units or names that make no model, with what to write.
    """

    check_first = "its reactions, its priors and what was fed"

    def __init__(
        self,
        name: str,
        laws: Mapping[str, Law],
        *,
        feed: Mapping[str, CoefficientLike],
        time: CoefficientLike,
        temperature: CoefficientLike | Profile | None = None,
        outputs: Outputs,
        dose: Dose | None = None,
        reactor: Reactor = "tube",
        curves: Mapping[str, Course] | None = None,
        lookup: Mapping[str, By] | None = None,
        steps: int | None = None,
        tanks: int = 1,
        bodenstein: CoefficientLike | None = None,
        units: Mapping[str, str] | None = None,
    ) -> None:
        like = "{'A': 'amount'}"
        feed = mapping_of(feed, f"feed= of kinetics {name!r}", like, PhysicsError)
        _check_dose(name, dose)
        _check_units(name, units, dose)
        _check_reactor(name, reactor, tanks, bodenstein)
        _check_steady(name, reactor, dose, curves, temperature)
        coefficients = Coefficients(name, lookup)
        self._reactor, self._tanks = reactor, tanks
        rates = [
            step
            for label, law in laws.items()
            for step in law.rate_expressions(label, coefficients)
        ]
        dosed = dose.feed if dose else {}
        everything = list(dict.fromkeys([*feed, *dosed]))
        self._system = ReactionSystem(name, rates, everything, units)
        self.species = self._system.species
        for law in self._system.laws.values():
            coefficients.read(law.others(self.species))
        self.integration_steps = self._number_of_steps(steps)
        self._feed = {
            s: coefficients.add(
                f"{s}0", given, self._system.state.units[s], f"the feed of {s} in {name!r}"
            )
            for s, given in feed.items()
        }
        self._dose = None if dose is None else dose_coefficients(name, dose, coefficients)
        self._time = coefficients.add("time", time, "s", f"the time of {name!r}")
        self._bodenstein = (
            None
            if bodenstein is None
            else coefficients.add("bodenstein", bodenstein, "1", f"the mixing in {name!r}")
        )
        self._temperature = _temperature(name, temperature, self._system, coefficients)
        self.feed_units = tuple(self._system.state.counted.values())
        units = self._system.state.units
        amounts = {name: units[s] for s in self.species for name in (s, f"{s}0")}
        super().__init__("kinetics", name, coefficients, amounts, outputs, courses=curves)

    def check_units(self, units: Mapping[str, str]) -> None:
        """Raise PhysicsError where a number, a rate or an output has another dimension."""
        super().check_units(units)
        state = self._system.state
        for r, law in self._system.laws.items():
            starts = {f"{s}0": unit for s, unit in state.units.items()}
            given = {**starts, **law.sample_units(self.species, units), **state.units}
            samples = self._coefficients.sample_quantities(given)
            check_dimension(law.expression, state.rate_unit(self._system.rates[r]), samples)

    def _example(self) -> str:
        return f"{self.species[-1]} / {self.species[0]}0"

    def _number_of_steps(self, steps: int | None) -> int:
        """Return how many steps or cells are taken; none for stirred tanks."""
        if steps is not None and (not isinstance(steps, int) or not 1 <= steps <= _MOST_STEPS):
            raise PhysicsError(
                f"steps must be a whole number from 1 to {_MOST_STEPS}, got {steps!r}"
            )
        if self._reactor == "cstr":
            return 0
        if steps is not None:
            return steps
        if self._reactor == "dispersed":
            return CELLS
        # Rates that grow while their reactant is used up need a finer grid at the end.
        finer = self._system.state.own or self._system.accelerates
        return STEPS * _ACCELERATING if finer else STEPS

    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return quantity -> SI values ``[...]`` and curve -> values ``[..., n]``."""
        end = self._time.value(x, theta)
        solved = self._system.by_species(
            *self._concentrations(x, theta, end, self.integration_steps)
        )
        curves = {}
        longer = {name: value.unsqueeze(-1) for name, value in x.items()}
        for label, axis in self.curves.items():
            times = torch.minimum(axis.si(), end.unsqueeze(-1))
            after = self._concentrations(longer, theta.unsqueeze(-2), times, self.integration_steps)
            curves[label] = self._course(label, {**longer, **self._system.by_species(*after)})
        return solved, curves

    def fed(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return what there is at the start, ``[..., S]`` in mol/m^3 or what ``units=`` says."""
        return self._system.stacked(self._feed, x, theta)

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
        found: dict[str, Tensor] = {}
        scale = fed.sum(-1).clamp_min(1e-300)
        for total in conserved_totals(self._system.stoichiometry):
            weights = torch.tensor([float(v) for v in total], dtype=torch.float64)
            if self._system.state.own:
                scale = ((fed + after) @ weights.abs()).clamp_min(1e-300)
            found[total_in_words(total, self.species)] = ((after - fed) @ weights) / scale
        if self._reactor != "tube":
            laws = self._rate_constants(x, theta)
            cascade = self._cascade(x, theta, self._time.value(x, theta), self.integration_steps)
            short = steady_state_residual(self._system.network, laws, fed, cascade)
            size = (fed + after).clamp_min(1e-300) if self._system.state.own else scale[..., None]
            found["the steady state (in + made = out)"] = (short / size).abs().amax(-1)
        return found

    def refined(self, x: Mapping[str, Tensor], theta: Tensor, steps: int) -> Tensor:
        """Return the final concentrations over the total feed, by a grid of ``steps``.

        Shape ``[..., S]``, dimensionless.
        """
        fed, after = self._concentrations(x, theta, self._time.value(x, theta), steps)
        size = fed.sum(-1, keepdim=True)
        if self._system.state.own:
            # Of several kinds: each over itself, at the start and as the usual grid ends.
            time, usual = self._time.value(x, theta), self.integration_steps
            size = fed + self._concentrations(x, theta, time, usual)[1]
            size = size + _SMALL * size.flatten(0, -2).amax(0)
        return after / size.clamp_min(1e-300)

    def time_scales(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the pace of each reaction in 1/s at what was fed, ``[..., R]``.

        One and the same where what is solved for is of several kinds.
        """
        if self._system.state.own:
            return 1.0 / self._time.value(x, theta).unsqueeze(-1)
        fed, _ = self._concentrations(x, theta, self._time.value(x, theta), 1)
        most = fed.sum(-1, keepdim=True).clamp_min(1e-300)
        constants = self._rate_constants(x, theta)
        k, network = constants.k, self._system.network.to(constants.k.device)
        pace = k * most ** (network.order[:, 0] - 1.0).clamp_min(0.0)
        if not network.laws:
            return pace
        batch = broadcast_shape(k[..., 0], most[..., 0])
        flat = flatten(constants, batch)
        own = network.law_pace(flat, most[..., 0].expand(batch).reshape(-1)).reshape(batch)
        rows = {law.row for law in network.laws}
        every = [own if r in rows else pace[..., r].expand(batch) for r in range(k.shape[-1])]
        return torch.stack(every, dim=-1)

    def _rate_constants(self, x: Mapping[str, Tensor], theta: Tensor) -> RateConstants:
        """Return the constants at the temperature, the highest one where it changes."""
        kelvin = None
        if self._temperature is not None:
            values = self._temperature.piecewise(x, theta).values
            kelvin = reduce(torch.maximum, values)
        return self._system.rate_constants(x, theta, kelvin, self.fed(x, theta))

    def _concentrations(
        self, x: Mapping[str, Tensor], theta: Tensor, time: Tensor, steps: int
    ) -> tuple[Tensor, Tensor]:
        """Return concentrations without and with reaction, ``[..., S]`` in mol/m^3."""
        fed, network = self.fed(x, theta), self._system.network
        if self._reactor != "tube":
            cascade = self._cascade(x, theta, time, steps)
            return fed, steady_state(network, self._rate_constants(x, theta), fed, cascade)
        driven = self._driven(x, theta)
        if not driven.knots():
            return fed, integrate(network, self._rate_constants(x, theta), fed, time, steps)
        after = integrate_driven(network, driven, fed, time, steps)
        if driven.dosing is None:
            return fed, after
        dosed = driven.dosing.relative_volume.at(time).unsqueeze(-1)
        return (fed + driven.dosing.feed * dosed) / (1.0 + dosed), after / (1.0 + dosed)

    def _cascade(self, x: Mapping[str, Tensor], theta: Tensor, time: Tensor, cells: int) -> Cascade:
        if self._bodenstein is None:
            return Cascade(self._tanks, time)
        return Cascade(cells, time, self._bodenstein.value(x, theta))

    def _driven(self, x: Mapping[str, Tensor], theta: Tensor) -> Driven:
        """Return what changes while the reaction runs."""
        fed = self.fed(x, theta)

        def constants(kelvin: Tensor | None) -> RateConstants:
            return self._system.rate_constants(x, theta, kelvin, fed)

        return Driven(
            constants,
            None if self._temperature is None else self._temperature.piecewise(x, theta),
            None if self._dose is None else self._dose.dosing(self._system, x, theta),
        )

    def __repr__(self) -> str:
        return f"<kinetics {self.name}: {', '.join(s.reaction.text for s in self._system.rates)}>"


def _check_dose(name: str, dose: Dose | None) -> None:
    if dose is not None and (not isinstance(dose, Dose) or not dose.feed):
        raise PhysicsError(
            f"dose= of kinetics {name!r} must be Dose({{'N': '2 mol/L'}}, volume=..., over=..., "
            f"into=...), got {dose!r}"
        )


def _check_reactor(name: str, reactor: str, tanks: int, bodenstein: CoefficientLike | None) -> None:
    if not isinstance(reactor, str) or reactor not in {"tube", "cstr", "dispersed"}:
        raise PhysicsError(
            f"the reactor of kinetics {name!r} is 'tube', 'cstr' or 'dispersed', got {reactor!r}"
        )
    if type(tanks) is not int or not 1 <= tanks <= _MOST_TANKS or (tanks > 1 and reactor != "cstr"):
        raise PhysicsError(
            f"tanks= of kinetics {name!r} is how many tanks of reactor='cstr' stand in series, a "
            f"whole number from 1 to {_MOST_TANKS}, got {tanks!r} and reactor={reactor!r}"
        )
    if (reactor == "dispersed") != (bodenstein is not None):
        raise PhysicsError(
            f"kinetics {name!r} with reactor='dispersed' needs bodenstein=, the Bodenstein number "
            "of the tube (u L / D), such as Prior(30, fold=2), and no other reactor has it; got "
            f"{bodenstein!r} and reactor={reactor!r}"
        )


def _check_units(name: str, units: Mapping[str, str] | None, dose: Dose | None) -> None:
    if units and dose is not None:
        raise PhysicsError(
            f"kinetics {name!r} has units= and dose=; what is dosed dilutes concentrations, and "
            "nothing is known of what it does to other quantities"
        )


def _check_steady(
    name: str,
    reactor: str,
    dose: Dose | None,
    courses: Mapping[str, Course] | None,
    temperature: CoefficientLike | Profile | None,
) -> None:
    if reactor != "tube" and (dose is not None or courses or isinstance(temperature, Profile)):
        raise PhysicsError(
            f"kinetics {name!r} is a {reactor}, which is solved at its steady state; it has "
            "neither dose= nor curves= over time, nor a temperature that follows a Profile"
        )


def _temperature(
    name: str,
    given: CoefficientLike | Profile | None,
    system: ReactionSystem,
    coefficients: Coefficients,
) -> ProfileCoefficients | None:
    if given is not None:
        what = f"the temperature of {name!r}"
        return profile_coefficients("temperature", given, "K", coefficients, what)
    read = any(law.reads_temperature(system.species) for law in system.laws.values())
    if read or any(step.needs_temperature for step in system.rates):
        raise PhysicsError(
            f"kinetics {name!r} has Arrhenius reactions and no temperature=; "
            "name the parameter, such as temperature='temperature'"
        )
    return None
