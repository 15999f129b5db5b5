"""Experiments without the loop: asked for, told, tried by hand, analysed again."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from labloop.campaign._analysis import Analysis
from labloop.campaign._bundle import Definition
from labloop.campaign._dataset import build_dataset
from labloop.campaign._jobs import planned
from labloop.campaign._machine import MachineState
from labloop.campaign._proposing import RoundAsked, answer_to, commit_round
from labloop.campaign._results import Told
from labloop.campaign._rights import campaign_lease
from labloop.campaign._spec import CampaignSpec
from labloop.errors import AnalysisError, CampaignError, SpaceError, SpaceExhaustedError
from labloop.objectives import Objectives
from labloop.records import (
    CampaignRecord,
    Dataset,
    ExperimentChange,
    ExperimentJob,
    ExperimentMove,
    ExperimentRecord,
    ExperimentState,
    ExperimentYield,
    Origin,
    OutputValue,
    Point,
    ProposalBatch,
    Repositories,
    make_experiment_id,
)
from labloop.space import SearchSpace

if TYPE_CHECKING:
    from labloop.brain import Strategy

_OPEN = {ExperimentState.PLANNED, ExperimentState.AWAITING, ExperimentState.RUNNING}
_PENDING = _OPEN | {ExperimentState.UNCERTAIN}


class ByHandOnly:
    """The strategy of a single experiment by hand: it never proposes anything."""

    name = "by-hand"

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """End the campaign's loop."""
        del space, objective, data, pending, n, seed
        raise SpaceExhaustedError("the experiment by hand has ended")


def _settable(space: SearchSpace, point: Point) -> Point:
    """Return a point with four digits, as a person sets it; as it is where that is not legal."""
    digits = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in point.items()}
    try:
        return space.validate(digits)
    except SpaceError:
        return space.validate(point)


def plan_one(
    repositories: Repositories,
    record: CampaignRecord,
    state: MachineState,
    point: Point,
    actor: str,
) -> MachineState:
    """Plan one experiment by hand and return a state that holds nothing else to do."""
    job = ExperimentJob(
        experiment_id=make_experiment_id(record.id, state.next_number),
        number=state.next_number,
        round_index=None,
        point=point,
    )
    row = planned(job, record, origin=Origin.MANUAL, actor=actor)
    repositories.experiments.add(row).result()
    return MachineState(
        ready=(job,), next_round=state.next_round, next_number=state.next_number + 1
    )


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
    asked = RoundAsked(
        record=record,
        index=max((r.index for r in rounds), default=-1) + 1,
        n=n,
        data=build_dataset(repositories, record.id, spec.space),
        pending=tuple(row.point for row in rows if row.state in _PENDING),
    )
    return commit_round(
        repositories,
        answer_to(asked, lambda: asked.put_to(strategy, spec)),
        first_number=max((r.number for r in rows), default=0) + 1,
        actor=actor,
        legal=lambda point: _settable(spec.space, point),
    )


def tell(
    repositories: Repositories, record: CampaignRecord, told: Sequence[Told], *, actor: str
) -> int:
    """Store results of experiments that were asked for, or done elsewhere; return how many.

    Raises:
        CampaignError: a line does not fit; nothing was stored.
        LeaseError: the campaign runs meanwhile in another process.
    """
    with campaign_lease(repositories, record, actor):
        return _tell(repositories, record, told, actor)


def _tell(
    repositories: Repositories, record: CampaignRecord, told: Sequence[Told], actor: str
) -> int:
    rows = {row.id: row for row in repositories.experiments.all(record.id)}
    seen: set[str] = set()
    for line in told:
        if line.experiment_id:
            wrong = _why_not(line, rows.get(line.experiment_id), seen)
            if wrong:
                raise CampaignError(
                    f"line {line.line}: experiment {line.experiment_id} {wrong} "
                    f"(campaign {record.name!r}); nothing was stored"
                )
            seen.add(line.experiment_id)
    number = max((row.number for row in rows.values()), default=0)
    changes: list[ExperimentChange] = []
    for line in told:
        row = rows.get(line.experiment_id)
        if row is None:
            number += 1
            row = _imported(record, number, line.point, actor)
            changes.append(row)
        changes += _end(row, line.outputs, actor)
    repositories.experiments.change(changes).result()
    return len(told)


def _why_not(line: Told, row: ExperimentRecord | None, seen: set[str]) -> str:
    """Return why a line cannot be told of the experiment that it names, or nothing."""
    if row is None:
        return "is not known; leave its cell empty to import what was done elsewhere"
    if row.state not in _OPEN:
        return f"is {row.state.value} already, so it is not told again"
    if line.experiment_id in seen:
        return "is told twice in this file; leave one line out"
    other = [
        f"{name}={line.point[name]} instead of {value}"
        for name, value in row.point.items()
        if line.point and not _same(line.point[name], value)
    ]
    if other:
        return (
            f"was asked for at another point ({', '.join(other)}); correct it, or empty the cell "
            "of the experiment to import the line as one of your own"
        )
    return ""


def _same(told: float | str, asked: float | str) -> bool:
    if isinstance(told, str) or isinstance(asked, str):
        return told == asked
    # A spreadsheet keeps fewer digits than it was given.
    return math.isclose(told, asked, rel_tol=1e-4, abs_tol=1e-9)


def _imported(record: CampaignRecord, number: int, point: Point, actor: str) -> ExperimentRecord:
    job = ExperimentJob(
        experiment_id=make_experiment_id(record.id, number),
        number=number,
        round_index=None,
        point=point,
    )
    return planned(job, record, origin=Origin.IMPORTED, actor=actor)


def _end(
    row: ExperimentRecord, outputs: Mapping[str, OutputValue], actor: str
) -> Iterator[ExperimentChange]:
    """Yield what leads an open experiment to its end."""
    if row.state is not ExperimentState.RUNNING:
        yield ExperimentMove(experiment_id=row.id, to=ExperimentState.RUNNING, actor=actor)
    if outputs:
        yield ExperimentYield(experiment_id=row.id, outputs=outputs, analysis="told", actor=actor)
    else:
        yield ExperimentMove(
            experiment_id=row.id, to=ExperimentState.FAILED, actor=actor, reason="told as failed"
        )


def reanalyse(
    repositories: Repositories, record: CampaignRecord, definition: Definition, *, actor: str
) -> tuple[int, list[str]]:
    """Analyse the stored raw data again; newer outputs supersede, nothing is overwritten.

    Returns:
        How many experiments have new outputs, and a sentence for each that could not.
    """
    analysis = Analysis(definition.spec)
    done, problems = 0, []
    ended = {ExperimentState.DONE, ExperimentState.FAILED}
    for row in repositories.experiments.all(record.id, ended):
        raw = repositories.experiments.raw(row.id)
        if raw is None:
            continue
        try:
            outputs = analysis.outputs(raw)
        except AnalysisError as error:
            problems.append(f"experiment {row.number}: {error}")
            continue
        repositories.experiments.save_outputs(
            row.id, outputs, analysis=analysis.fingerprint, actor=actor
        ).result()
        done += 1
    return done, problems
