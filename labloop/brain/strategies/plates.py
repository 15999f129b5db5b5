"""A strategy that plans whole plates: its points, replicates and controls, each in a well."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from labloop.brain.strategies.base import Strategy
from labloop.errors import BrainError, SpaceError
from labloop.objectives import Objectives
from labloop.records import Dataset, Point, PointValue, Proposal, ProposalBatch
from labloop.space import Layout, Plate, SearchSpace


@runtime_checkable
class PlatePlanner(Protocol):
    """A strategy that chooses the points of a plate by the rules between its places."""

    name: str

    def propose_plate(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        layout: Layout,
        seed: int,
    ) -> tuple[ProposalBatch, list[int]]:
        """Return points, and in which place of the layout each stands; see ``Strategy``."""
        ...


class PlateStrategy:
    """Proposes plates: a round is one plate, each proposal names its well.

    Args:
        strategy: chooses the points.
        plate: the wells and their rules.
        space: where the points lie.

    Raises:
        BrainError: the strategy plans no plates.
        SpaceError: a rule of the plate does not fit the space.
    """

    def __init__(self, strategy: Strategy, plate: Plate, space: SearchSpace) -> None:
        if not isinstance(strategy, PlatePlanner):
            raise BrainError(
                f"the strategy {strategy.name!r} plans no plates; use auto, botorch, hybrid, sobol "
                "or random, or leave the plate out"
            )
        reason = getattr(strategy, "no_plates", "")
        if reason:
            raise BrainError(f"the strategy {strategy.name!r} plans no plates: {reason}")
        plate.check(space)
        self.name = strategy.name
        self.plate = plate
        self._strategy: PlatePlanner = strategy

    @property
    def alone(self) -> PlatePlanner:
        """The strategy that chooses the points, without the plate."""
        return self._strategy

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return the proposals of ``n`` wells, in the order of the wells.

        Fewer where the space has no more points that keep the rules.

        Raises:
            BrainError: more wells than the plate has, or a control is not legal in its well.
        """
        check_wells(self.plate, n)
        layout = self.plate.layout(n)
        batch, places = self._strategy.propose_plate(space, objective, data, pending, layout, seed)
        by_place = dict(zip(places, batch.proposals, strict=True))
        made: dict[str, Proposal] = {}
        for place, proposal in by_place.items():
            first, *others = layout.places[place]
            made[first] = replace(proposal, well=first)
            for well in others:
                reason = f"to learn the noise: replicate of {first}; {proposal.reason}"
                made[well] = replace(proposal, well=well, reason=reason)
        for well, control in layout.controls.items():
            shared = _shared(layout, by_place, layout.control_groups[well])
            try:
                point = space.validate({**control, **shared})
            except SpaceError as error:
                raise BrainError(f"the control of well {well}: {error}") from error
            made[well] = Proposal(point, self.name, "control of the plate", seed=seed, well=well)
        order = [well for well in self.plate.wells if well in made]
        report = {**batch.fit_report, "wells": order, "plate": self.plate.spec()}
        return replace(batch, proposals=tuple(made[w] for w in order), fit_report=report)


def on_plate(strategy: Strategy, plate: Plate | None, space: SearchSpace) -> Strategy:
    """Return a strategy that plans plates, the strategy itself without one; raises as above."""
    if plate is None:
        return strategy
    if not isinstance(plate, Plate):
        raise BrainError(f"plate= is a Plate such as Plate(rows=8, columns=12), got {plate!r:.100}")
    return PlateStrategy(strategy, plate, space)


def check_wells(plate: Plate, n: int) -> None:
    """Raise BrainError where a plate has fewer than ``n`` wells, or too few for one point."""
    if n > plate.size:
        raise BrainError(
            f"{n} proposals were asked for and a plate has {plate.size} wells; ask for one plate "
            "at a time"
        )
    if n < plate.replicates:
        raise BrainError(
            f"{n} proposals were asked for and each point stands in {plate.replicates} wells; ask "
            f"for {plate.replicates} or more"
        )


def _shared(
    layout: Layout, by_place: dict[int, Proposal], numbers: tuple[int, ...]
) -> dict[str, PointValue]:
    """Return the values that a well shares, by its number in each group."""
    values: dict[str, PointValue] = {}
    for group, number in zip(layout.groups, numbers, strict=True):
        there = [place for place in by_place if group.of[place] == number]
        point = by_place[there[0] if there else min(by_place)].point
        values.update({name: point[name] for name in group.parameters})
    return values
