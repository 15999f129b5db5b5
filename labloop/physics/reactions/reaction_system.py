"""The reactions of a kinetic model: species, stoichiometry, and constants of the rates."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import Coefficient, broadcast_shape, stack_last
from labloop.physics.reactions.integration.network import Network, RateConstants
from labloop.physics.reactions.integration.row_laws import TENSOR_FUNCTIONS, RowLaw
from labloop.physics.reactions.law_reads import LawReads
from labloop.physics.reactions.rate_laws import RateExpression
from labloop.physics.reactions.reaction_strings import net_stoichiometry, species_of
from labloop.physics.reactions.state_units import StateUnits


class ReactionSystem:
    """S species that R reactions change.

    Args:
        name: of the model, for messages.
        rates: the reactions with their rates.
        fed: the species that are fed.
        units: species -> unit where it is no concentration.

    Attributes:
        species: their names, the fed ones first.
        stoichiometry: S x R net coefficients.
        network: the same as tensors, with the factors of each rate.

    Raises:
        PhysicsError: no reaction, a species that comes from nowhere or goes nowhere, or two
            things of one name.
    """

    def __init__(
        self,
        name: str,
        rates: Sequence[RateExpression],
        fed: list[str],
        units: Mapping[str, str] | None = None,
    ) -> None:
        _check_species(name, rates, fed)
        self.rates = tuple(rates)
        reactions = [step.reaction for step in rates]
        self.species = species_of(reactions, fed)
        self.state = StateUnits(name, units or {}, self.species)
        for rate in rates:
            self.state.check(rate)
        self.stoichiometry = net_stoichiometry(reactions, self.species)
        # A law of one's own stands in the place of mass action.
        reacting = [
            []
            if rate.law is not None
            else [
                self.species.index(s)
                for s, order in rate.reaction.reactants.items()
                for _ in range(order)
            ]
            for rate in rates
        ]
        self.laws = {r: rate.law for r, rate in enumerate(rates) if rate.law is not None}
        self.network = Network.of(
            self.stoichiometry,
            reacting,
            [self._row_law(r, rates[r], law) for r, law in self.laws.items()],
            several_kinds=self.state.own,
        )
        strange = {s for step in rates for s in step.denominator} - set(self.species)
        if strange:
            raise PhysicsError(
                f"a rate law speaks of {', '.join(sorted(strange))}, which takes part in no "
                "reaction and is not fed; correct the name or feed it"
            )
        double = [f"{s}0" for s in self.species if f"{s}0" in self.species]
        if double:
            raise PhysicsError(
                f"kinetics {name!r} uses {', '.join(double)} for two things: a species and a fed "
                "amount (A0); rename the species"
            )

    def _row_law(self, row: int, rate: RateExpression, law: LawReads) -> RowLaw:
        read = {s: i for i, s in enumerate(self.species) if s in law.expression.names}
        changed = next(iter((*rate.reaction.reactants, *rate.reaction.products)))
        sizes = self.state.sizes
        return RowLaw(row, law.expression, read, {s: sizes[s] for s in read}, sizes[changed])

    @property
    def accelerates(self) -> bool:
        """Whether a rate grows while its reactant is used up: autocatalysis, or a freed surface."""
        rows = {s: i for i, s in enumerate(self.species)}
        if any(_grows(law, self.stoichiometry, len(self.species)) for law in self.network.laws):
            return True
        return any(
            any(self.stoichiometry[rows[s]][r] > 0 for s in rate.reaction.reactants)
            or (
                rate.power > 1 and any(self.stoichiometry[rows[s]][r] < 0 for s in rate.denominator)
            )
            for r, rate in enumerate(self.rates)
        )

    def rate_constants(
        self, x: Mapping[str, Tensor], theta: Tensor, temperature: Tensor | None, fed: Tensor
    ) -> RateConstants:
        """Return the constants of every rate in SI, ``[..., R]``.

        Args:
            x: input -> SI values ``[...]``.
            theta: SI parameters ``[..., p]``.
            temperature: in K, ``[...]``.
            fed: what there is at the start, ``[..., S]``, as the state counts it.
        """
        k = stack_last([step.constant(x, theta, temperature) for step in self.rates])
        given = tuple(
            {
                **law.values(self.species, x, theta, temperature),
                **{f"{s}0": self._start(s, fed) for s in law.starts(self.species)},
            }
            for law in self.laws.values()
        )
        if given:
            read = (value for law in given for value in law.values())
            k = k.expand(*broadcast_shape(k[..., 0], *read), -1)
        if not any(step.denominator for step in self.rates):
            return RateConstants(k, given=given)
        none = torch.zeros((), dtype=torch.float64)
        entries = [
            step.denominator[s](x, theta, temperature) if s in step.denominator else none
            for step in self.rates
            for s in self.species
        ]
        denominator = stack_last(entries)
        denominator = denominator.reshape(
            *denominator.shape[:-1], len(self.rates), len(self.species)
        )
        power = torch.tensor([[float(step.power)] for step in self.rates], dtype=torch.float64)
        shape = broadcast_shape(k[..., 0], denominator[..., 0, 0])
        return RateConstants(k.expand(*shape, -1), denominator.expand(*shape, -1, -1), power, given)

    def _start(self, species: str, fed: Tensor) -> Tensor:
        return fed[..., self.species.index(species)] * self.state.sizes[species]

    def stacked(
        self, given: Mapping[str, Coefficient], x: Mapping[str, Tensor], theta: Tensor
    ) -> Tensor:
        """Return a number of each species, ``[..., S]``; zero of those that ``given`` lacks.

        In what the state counts them in: mol/m^3 of concentrations.
        """
        values = {s: coefficient.value(x, theta) for s, coefficient in given.items()}
        sizes = self.state.sizes
        values = {s: v if sizes[s] == 1.0 else v / sizes[s] for s, v in values.items()}
        shape = broadcast_shape(*x.values(), *values.values(), torch.zeros(()))
        zero = torch.zeros(shape, dtype=torch.float64)
        return torch.stack([values.get(s, zero).expand(shape) for s in self.species], dim=-1)

    def by_species(self, fed: Tensor, after: Tensor) -> dict[str, Tensor]:
        """Return A -> what there is of A, A0 -> what was fed of it, in SI; of ``[..., S]`` each."""
        found = {}
        for i, s in enumerate(self.species):
            size = self.state.sizes[s]
            for name, value in ((s, after[..., i]), (f"{s}0", fed[..., i])):
                found[name] = value if size == 1.0 else value * size
        return found


def _grows(law: RowLaw, stoichiometry: Sequence[Sequence[int]], species: int) -> bool:
    """Return whether a law's rate may grow as its reaction proceeds: by its slopes' signs.

    Tried at concentrations that differ by factors of ten, all else being one.
    """
    given = dict.fromkeys(law.expression.names, torch.ones((), dtype=torch.float64))
    for turn in range(3):
        sizes = [10.0 ** ((i + turn) % 3 - 1) for i in range(species)]
        state = torch.tensor(sizes, dtype=torch.float64)
        for row, slope in law.by_species(state, given, TENSOR_FUNCTIONS):
            if float(torch.as_tensor(slope)) * stoichiometry[row][law.row] > 0:
                return True
    return False


def _check_species(name: str, rates: Sequence[RateExpression], fed: list[str]) -> None:
    if not rates:
        raise PhysicsError(
            f"kinetics {name!r} has no reaction; write one as "
            "k1 = Arrhenius('A -> P', k=Prior(...), Ea=Prior(...), at='90 degC')"
        )
    reactions = [rate.reaction for rate in rates]
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
    in_denominators = {s for rate in rates for s in rate.denominator}
    in_denominators |= {s for rate in rates if rate.law for s in rate.law.expression.names}
    idle = [s for s in fed if s not in taking_part and s not in in_denominators]
    if idle:
        raise PhysicsError(
            f"kinetics {name!r} feeds {', '.join(idle)}, which takes part in no reaction"
        )
