"""Asks the brain for experiments that a person carries out, without the loop."""

from typing import TYPE_CHECKING

from labloop.campaign.by_hand.telling import OPEN
from labloop.campaign.checks import update_bundle
from labloop.campaign.definition import CampaignSpec, Definition
from labloop.campaign.loop import RoundRequest, answer_request, campaign_lease, commit_round
from labloop.campaign.progress import build_dataset
from labloop.errors import SpaceError
from labloop.records import (
    CampaignRecord,
    ExperimentRecord,
    Point,
    Repositories,
)
from labloop.space import SearchSpace

if TYPE_CHECKING:
    from labloop.brain import Strategy


def _settable(space: SearchSpace, point: Point) -> Point:
    """Return a point with four digits, as a person sets it; as it is where that is not legal."""
    digits = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in point.items()}
    try:
        return space.validate(digits)
    except SpaceError:
        return space.validate(point)


def ask(
    repositories: Repositories,
    record: CampaignRecord,
    definition: Definition,
    n: int,
    *,
    actor: str,
    device: str = "auto",
) -> list[ExperimentRecord]:
    """Commit a round of ``n`` proposals for a person to carry out, and return them.

    Raises:
        LeaseError: the campaign runs meanwhile in another process.
    """
    with campaign_lease(repositories, record, actor):
        strategy = definition.spec.resolve(device)
        return _ask(repositories, record, definition.spec, strategy, n, actor)


def update_definition(
    repositories: Repositories, record: CampaignRecord, definition: Definition, *, actor: str
) -> list[str]:
    """Let a campaign go on with another definition; return the differences in words.

    Raises:
        LeaseError: the campaign runs meanwhile in another process.
    """
    with campaign_lease(repositories, record, actor):
        return update_bundle(repositories, record, definition, actor)


def _ask(
    repositories: Repositories,
    record: CampaignRecord,
    spec: CampaignSpec,
    strategy: "Strategy",
    n: int,
    actor: str,
) -> list[ExperimentRecord]:
    rows = repositories.experiments.all(record.id)
    rounds = repositories.rounds.all(record.id)
    asked = RoundRequest(
        record=record,
        index=max((r.index for r in rounds), default=-1) + 1,
        n=n,
        data=build_dataset(repositories, record.id, spec.space),
        # One that was asked for in another space may have no place in today's.
        pending=tuple(p for row in rows if row.state in OPEN and (p := _place(spec.space, row))),
    )
    return commit_round(
        repositories,
        answer_request(asked, lambda: asked.ask_strategy(strategy, spec)),
        first_number=max((r.number for r in rows), default=0) + 1,
        actor=actor,
        legal=lambda point: _settable(spec.space, point),
    )


def _place(space: SearchSpace, row: ExperimentRecord) -> Point | None:
    try:
        return space.placed(row.point)
    except SpaceError:
        return None
