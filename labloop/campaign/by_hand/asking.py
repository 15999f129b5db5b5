"""Asks the brain for experiments that a person carries out, without the loop."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from labloop.campaign.by_hand.telling import OPEN
from labloop.campaign.checks import update_bundle
from labloop.campaign.definition import CampaignSpec, Definition
from labloop.campaign.loop import RoundRequest, answer_request, campaign_lease, commit_round
from labloop.campaign.progress import build_dataset, standing_wishes
from labloop.errors import SpaceError
from labloop.records import (
    CampaignRecord,
    ExperimentRecord,
    Point,
    PointValue,
    Repositories,
)
from labloop.space import Condition, SearchSpace

if TYPE_CHECKING:
    from labloop.brain import RankedCandidate


def _settable(space: SearchSpace, point: Point) -> Point:
    """Return a point with four digits, as a person sets it; as it is where none is legal.

    At the edge of what is allowed numbers are rounded to the side that is.
    """
    for toward in (round, math.floor, math.ceil):
        digits = {k: _rounded(v, toward) if isinstance(v, float) else v for k, v in point.items()}
        with suppress(SpaceError):
            return space.validate(digits)
    return space.validate(point)


def _rounded(value: float, toward: Callable[[float], float]) -> float:
    """Return a number with four digits."""
    if not value:
        return value
    places = 3 - math.floor(math.log10(abs(value)))
    return float(f"{toward(value * 10.0**places) / 10.0**places:.4g}")


def ask(
    repositories: Repositories,
    record: CampaignRecord,
    definition: Definition,
    n: int,
    *,
    actor: str,
    device: str = "auto",
    fixed: Condition | None = None,
    avoid: Sequence[Condition] = (),
) -> list[ExperimentRecord]:
    """Commit a round of ``n`` proposals for a person to carry out, and return them.

    Args:
        repositories: where to.
        record: the campaign.
        definition: of the campaign.
        n: how many.
        actor: who is written on each row.
        device: where physics is solved.
        fixed: what all proposals have, beside what persons wish until further notice; see
            ``SearchSpace.restricted``.
        avoid: what none of them has, beside that.

    Raises:
        LeaseError: the campaign runs meanwhile in another process.
        SpaceError: no legal point is as was asked; nothing was stored.
    """
    spec = definition.spec
    with campaign_lease(repositories, record, actor):
        standing = standing_wishes(repositories.commands.all(record.id))
        wishes = standing.beside(fixed, avoid)
        part = spec.space.restricted(wishes.fixed, wishes.avoid)
        rows = repositories.experiments.all(record.id)
        asked = replace(
            _request(repositories, record, spec, n), fixed=wishes.fixed or None, avoid=wishes.avoid
        )
        strategy = spec.resolve(device)
        return commit_round(
            repositories,
            answer_request(asked, lambda: asked.ask_strategy(strategy, spec)),
            first_number=max((r.number for r in rows), default=0) + 1,
            actor=actor,
            legal=lambda point: _settable(part, point),
        )


def rank(
    repositories: Repositories,
    record: CampaignRecord,
    definition: Definition,
    candidates: Sequence[Mapping[str, PointValue]],
    *,
    device: str = "auto",
) -> "list[RankedCandidate]":
    """Return a person's candidates in the order in which they are worth doing; stores nothing.

    Raises:
        BrainError: no candidates, or more than can be ranked.
    """
    from labloop.brain import rank_candidates  # noqa: PLC0415 - who only looks needs no brain

    spec = definition.spec
    asked = _request(repositories, record, spec, 1)
    found = rank_candidates(
        spec.resolve(device),
        spec.space,
        spec.objectives,
        asked.data,
        asked.pending,
        candidates,
        asked.seed,
    )
    numbers = {r.id: str(r.number) for r in repositories.experiments.all(record.id)}
    return [replace(one, reason=_numbered(one.reason, numbers)) for one in found]


def _numbered(reason: str, numbers: Mapping[str, str]) -> str:
    """Return a reason with the number of an experiment in the place of its id."""
    head, word, name = reason.rpartition(" ")
    return f"{head}{word}{numbers.get(name, name)}"


def update_definition(
    repositories: Repositories, record: CampaignRecord, definition: Definition, *, actor: str
) -> list[str]:
    """Let a campaign go on with another definition; return the differences in words.

    Raises:
        LeaseError: the campaign runs meanwhile in another process.
    """
    with campaign_lease(repositories, record, actor):
        return update_bundle(repositories, record, definition, actor)


def _request(
    repositories: Repositories, record: CampaignRecord, spec: CampaignSpec, n: int
) -> RoundRequest:
    """Return the next round of a campaign, as the brain is asked for it."""
    rows = repositories.experiments.all(record.id)
    rounds = repositories.rounds.all(record.id)
    return RoundRequest(
        record=record,
        index=max((r.index for r in rounds), default=-1) + 1,
        n=n,
        data=build_dataset(repositories, record.id, spec.space, timed=spec.per == "hour"),
        # One that was asked for in another space may have no place in today's.
        pending=tuple(p for row in rows if row.state in OPEN and (p := _place(spec.space, row))),
    )


def _place(space: SearchSpace, row: ExperimentRecord) -> Point | None:
    try:
        return space.placed(row.point, row.point)
    except SpaceError:
        return None
