"""What a person asks for beside the best: something held fixed, something avoided, a point."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from labloop.brain.strategies.base import Strategy
from labloop.objectives import Objectives
from labloop.records import Dataset, Point, Proposal, ProposalBatch
from labloop.space import Condition, SearchSpace, describe_condition

Avoid = Condition | Sequence[Condition] | None


def propose_with(
    strategy: Strategy,
    space: SearchSpace,
    objective: Objectives,
    data: Dataset,
    pending: Sequence[Point],
    n: int,
    seed: int,
    *,
    fixed: Condition | None = None,
    avoid: Avoid = None,
) -> ProposalBatch:
    """Return what a strategy proposes in the part of the space that a person asks for.

    The strategy learns from all results. The reasons say what was asked for.

    Args:
        strategy: what proposes; the next arguments are those of ``Strategy.propose``.
        space: the whole space.
        objective: what is wanted.
        data: all results.
        pending: points under way.
        n: how many.
        seed: of the round.
        fixed: what all proposals have; see ``SearchSpace.restricted``.
        avoid: what none of them has.

    Raises:
        SpaceError: no legal point is as was asked.
        SpaceExhaustedError: no legal point is left.
    """
    part = space.restricted(fixed, avoid)
    batch = strategy.propose(part, objective, data, pending, n, seed)
    if part is space:
        return batch
    told = tuple(replace(p, reason=_with_wishes(p, fixed, avoid)) for p in batch.proposals)
    return replace(batch, proposals=told)


def own_proposal(point: Point, why: str) -> Proposal:
    """Return the proposal of a person."""
    return Proposal(point, strategy="a person", reason=why)


def _with_wishes(proposal: Proposal, fixed: Condition | None, avoid: Avoid) -> str:
    """Return the reason of a proposal with what was asked for beside it."""
    wishes = [f"with {describe_condition(fixed)}"] if fixed else []
    if avoid:
        listed = [avoid] if isinstance(avoid, Mapping) else avoid
        wishes.append(f"without {'; '.join(map(describe_condition, listed))}")
    return f"{proposal.reason}; asked for {' and '.join(wishes)}" if wishes else proposal.reason
