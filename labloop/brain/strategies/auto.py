"""The strategy that needs no choice: one written table says who is asked, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from labloop.brain.acquisition import MANY, EffortRule
from labloop.brain.strategies.botorch import BotorchStrategy, Replicates, check_replicates
from labloop.brain.strategies.physics import PhysicsStrategy
from labloop.objectives import Objectives
from labloop.records import Dataset, Point, ProposalBatch
from labloop.space import Layout, SearchSpace
from labloop.surrogates import GPFactory, check_device

_BY_TABLE = "chosen by auto for "
"""Begins what a reason says of the table."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: when it applies, who is asked, why."""

    condition: str
    members: str
    applies: Callable[[SearchSpace, Objectives, bool], bool]
    make: Callable[[object | None, str], BotorchStrategy | PhysicsStrategy]


def _gp(_physics: object | None, _device: str) -> BotorchStrategy:
    return BotorchStrategy(model=GPFactory(), name="auto")


def _mixture(physics: object | None, device: str) -> PhysicsStrategy:
    return PhysicsStrategy(physics, name="auto", device=device)


_TABLE: tuple[Row, ...] = (
    Row(
        "physics is given",
        "models with and without it, weighted by how well they predict results left out",
        lambda _space, _objective, physics: physics,
        _mixture,
    ),
    Row(
        "several objectives",
        "a GP an output; LogNoisyEHVI for 2 objectives, qLogNEHVI for 3 and 4, qLogNParEGO beyond",
        lambda _space, objective, _physics: objective.count > 1,
        _gp,
    ),
    Row(
        "a pool, or a product of up to 1e6 combinations",
        "a GP, its kernel chosen by leave-one-out; every candidate scored by noisy improvement",
        lambda space, _objective, _physics: space.candidates() is not None,
        _gp,
    ),
    Row(
        f"a box of {MANY} numbers or more",
        "a GP, its kernel chosen by leave-one-out; noisy improvement by moves of few numbers",
        lambda space, _objective, _physics: space.kind == "box" and space.dimension >= MANY,
        _gp,
    ),
    Row(
        "a box of numbers",
        "a GP, its kernel chosen by leave-one-out; noisy improvement climbed by gradients",
        lambda space, _objective, _physics: space.kind == "box",
        _gp,
    ),
    Row(
        "anything else: mixed, mixtures, constraints",
        "a GP, its kernel chosen by leave-one-out; noisy improvement searched by legal mutations",
        lambda _space, _objective, _physics: True,
        _gp,
    ),
)


class AutoStrategy:
    """Chooses by the first row of a written table that applies; ``table()`` shows it.

    Args:
        physics: a physics model, or a factory of surrogates made of one.
        device: where physics is solved, see :class:`PhysicsStrategy`.
        replicates: ``"auto"`` repeats an experiment where noise leaves open which one is best, see
            :class:`BotorchStrategy`.

    Raises:
        PhysicsError: no physics model, two that compete of one name, or a device that is not
            there.
    """

    name = "auto"

    def __init__(
        self,
        physics: object | None = None,
        device: str = "auto",
        *,
        replicates: Replicates = "never",
    ) -> None:
        check_device(device)
        check_replicates(replicates)
        self.replicates = replicates
        if physics is not None:
            # What no data could mend is told before there are any.
            _mixture(physics, device)
        self.physics = physics
        self.device = device
        self.effort: EffortRule | None = None
        """What proposals are to be worth most of; see ``CampaignSpec.per``."""

    @staticmethod
    def table() -> list[tuple[str, str]]:
        """Return the rows, first match wins: condition and members, in words."""
        return [(row.condition, row.members) for row in _TABLE]

    def row_for(self, space: SearchSpace, objective: Objectives) -> Row:
        """Return the row that applies."""
        given = self.physics is not None
        return next(row for row in _TABLE if row.applies(space, objective, given))

    def check(self, space: SearchSpace, objective: Objectives) -> None:
        """Raise PhysicsError where the physics does not fit the space, or predicts no aim."""
        if self.physics is not None:
            _mixture(self.physics, self.device).check(space, objective)

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return the proposals of the row that applies; see ``Strategy.propose``."""
        row = self.row_for(space, objective)
        strategy = self._made(row)
        return _told(row, strategy.propose(space, objective, data, pending, n, seed))

    def _made(self, row: Row) -> BotorchStrategy | PhysicsStrategy:
        strategy = row.make(self.physics, self.device)
        strategy.effort = self.effort
        strategy.replicates = self.replicates
        return strategy

    def propose_plate(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        layout: Layout,
        seed: int,
    ) -> tuple[ProposalBatch, list[int]]:
        """Return the points of a plate, and in which place of its layout each stands."""
        row = self.row_for(space, objective)
        strategy = self._made(row)
        batch, places = strategy.propose_plate(space, objective, data, pending, layout, seed)
        return _told(row, batch), places


def _told(row: Row, batch: ProposalBatch) -> ProposalBatch:
    """Return a batch whose reasons end with the row of the table: first what each is for."""
    why = f"{_BY_TABLE}{row.condition}: {row.members}"
    return replace(
        batch, proposals=tuple(replace(p, reason=f"{p.reason}; {why}") for p in batch.proposals)
    )
