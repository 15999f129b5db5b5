"""Corrections: a result was mistyped, or an experiment does not count."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from labloop.campaign.by_hand.telling import OPEN
from labloop.campaign.execution import categorical_names
from labloop.campaign.loop import campaign_lease
from labloop.campaign.progress import CORRECTED, ResultHistory, format_value
from labloop.campaign.watching import watch_stored
from labloop.errors import CampaignError, DefinitionError, UnitError
from labloop.records import (
    ActualValue,
    CampaignRecord,
    ExperimentChange,
    ExperimentMeasured,
    ExperimentMove,
    ExperimentRecord,
    ExperimentState,
    ExperimentYield,
    Json,
    Measurement,
    Repositories,
    ScalarValue,
    numeral,
)
from labloop.space import SearchSpace
from labloop.units import convert, split_quantity


def correct(
    repositories: Repositories,
    record: CampaignRecord,
    experiment: str,
    given: Mapping[str, str],
    *,
    actor: str,
    reason: str = "",
    failed: bool = False,
) -> list[str]:
    """Say what an experiment really gave, or where it was really carried out.

    Newer values supersede; what was told before is kept as history.

    Args:
        repositories: where to.
        record: the campaign.
        experiment: number or id.
        given: output -> number in its declared unit; parameter -> what was reached.
        actor: who is written on it.
        reason: why, for the record.
        failed: that it gave nothing, in the place of values.

    Returns:
        A sentence for each change.

    Raises:
        CampaignError: nothing is known of the experiment, a name is unknown, a value is none.
        LeaseError: the campaign runs meanwhile in another process.
    """
    outputs, actual = _read(given, record.spec)
    if failed == bool(given):
        raise CampaignError("say what it gave, such as yield=0.5, or 'failed' in the place of it")
    with campaign_lease(repositories, record, actor):
        row = find_experiment(repositories, record, experiment)
        if row.state in OPEN:
            raise CampaignError(
                f"experiment {row.number} is {row.state.value} and has no result yet; tell it by "
                f"'labloop tell {record.name} FILE', or drop it by 'labloop withdraw "
                f"{record.name} {row.number}'"
            )
        changes: list[ExperimentChange] = []
        analysis = f"{CORRECTED}: {reason}" if reason else CORRECTED
        made = _yield_of(row, outputs, analysis, actor)
        if failed:
            # Kept without outputs, so that no later analysis takes the word of a person back.
            changes += [made] if row.state is ExperimentState.DONE else []
            changes.append(_move(row, ExperimentState.FAILED, actor, reason or "told as failed"))
        if actual:
            changes.append(_measurement_change(repositories, row, actual, actor))
        if outputs:
            changes.append(made)
        past = ResultHistory.of(repositories.experiments.analyses(record.id))
        repositories.experiments.change(changes).result()
        watch_stored(repositories, record)
    if failed:
        return [f"experiment {row.number}: {row.state.value} -> failed"]
    sentences = _describe_changes(row, past.newest.get(row.id, {}), outputs, actual)
    if outputs and row.state is not ExperimentState.DONE:
        sentences.append(f"experiment {row.number}: {row.state.value} -> done")
    return sentences


def withdraw(
    repositories: Repositories,
    record: CampaignRecord,
    experiments: Sequence[str],
    *,
    actor: str,
    reason: str = "",
) -> list[str]:
    """Say that experiments do not count: no result is awaited any more, or it was worth nothing.

    All of them are withdrawn, or none; what was stored of them is kept.

    Returns:
        A sentence for each.

    Raises:
        CampaignError: one is not known, or was withdrawn before.
        LeaseError: the campaign runs meanwhile in another process.
    """
    why = f"withdrawn: {reason}" if reason else "withdrawn"
    with campaign_lease(repositories, record, actor):
        rows = [find_experiment(repositories, record, each) for each in dict.fromkeys(experiments)]
        over = [row for row in rows if row.state is ExperimentState.ABANDONED]
        if over:
            raise CampaignError(
                f"experiment {over[0].number} was given up before ({over[0].reason or 'no reason'})"
            )
        moves = [_move(row, ExperimentState.ABANDONED, actor, why) for row in rows]
        repositories.experiments.change(moves).result()
        watch_stored(repositories, record)
    sentences = {
        True: "no result is awaited any more",
        False: "its result is kept and counts no more",
    }
    return [f"experiment {row.number}: {sentences[row.state in OPEN]}" for row in rows]


def find_experiment(
    repositories: Repositories, record: CampaignRecord, name: str
) -> ExperimentRecord:
    """Return an experiment by number or id; raises CampaignError."""
    rows = repositories.experiments.all(record.id)
    for row in rows:
        if name in {row.id, str(row.number)}:
            return row
    last = max((row.number for row in rows), default=0)
    known = f"its experiments are 1 to {last}" if last else "it has no experiment yet"
    raise CampaignError(f"campaign {record.name!r} has no experiment {name!r}; {known}")


def describe_actual(repositories: Repositories, row: ExperimentRecord) -> list[str]:
    """Return a sentence for each condition that was reached in the place of what was asked for."""
    actual = repositories.experiments.actual(row.campaign_id).get(row.id, {})
    return [_describe_reached(row, name, value) for name, value in actual.items()]


def _read(
    given: Mapping[str, str], spec: Mapping[str, Json]
) -> tuple[dict[str, ScalarValue], dict[str, ActualValue]]:
    """Return outputs and conditions in the units that a stored spec declares; runs no code."""
    declared: Any = spec.get("outputs", ())
    scalars = {str(o["name"]): str(o["unit"]) for o in declared if o["kind"] == "scalar"}
    varied: Any = spec["space"]
    space = SearchSpace.from_spec(varied)
    units = {p.name: p.unit for p in space.parameters}
    outputs: dict[str, ScalarValue] = {}
    actual: dict[str, ActualValue] = {}
    for name, text in given.items():
        if name in scalars:
            outputs[name] = ScalarValue(_number(name, text, scalars[name]), scalars[name])
        elif name in categorical_names(space):
            actual[name] = text
        elif name in units:
            actual[name] = ScalarValue(_number(name, text, units[name]), units[name])
        else:
            names = [*scalars, *units]
            alike = get_close_matches(name, names, n=1)
            hint = f"did you mean {alike[0]!r}?" if alike else f"there are: {', '.join(names)}"
            raise CampaignError(f"{name!r} is neither an output nor a parameter; {hint}")
    return outputs, actual


def _number(name: str, text: str, unit: str) -> float:
    """Return a number as it is, or a number and a unit in ``unit``."""
    try:
        return numeral(text)
    except DefinitionError as error:
        if " " not in text.strip():
            hint = ", write a point" if "," in text else ""
            raise CampaignError(f"{name}: {error}{hint}") from error
    try:
        return convert(*split_quantity(text), unit)
    except UnitError as error:
        raise CampaignError(f"{name}: {error}") from error


def _describe_changes(
    row: ExperimentRecord,
    before: Mapping[str, ScalarValue],
    outputs: Mapping[str, ScalarValue],
    actual: Mapping[str, ActualValue],
) -> list[str]:
    sentences = []
    for name, value in outputs.items():
        old = format_value(before[name]) if name in before else "nothing"
        sentences.append(f"experiment {row.number}: {name} {old} -> {format_value(value)}")
    return sentences + [
        f"experiment {row.number}: {_describe_reached(row, name, value)}"
        for name, value in actual.items()
    ]


def _describe_reached(row: ExperimentRecord, name: str, value: ActualValue) -> str:
    reached = value if isinstance(value, str) else format_value(value)
    return f"{name} {row.point.get(name)} was asked for, {reached} reached"


def _move(row: ExperimentRecord, to: ExperimentState, actor: str, reason: str) -> ExperimentMove:
    return ExperimentMove(
        experiment_id=row.id, to=to, actor=actor, reason=reason, corrects=row.state not in OPEN
    )


def _yield_of(
    row: ExperimentRecord, outputs: Mapping[str, ScalarValue], analysis: str, actor: str
) -> ExperimentYield:
    return ExperimentYield(
        experiment_id=row.id, outputs=outputs, analysis=analysis, actor=actor, corrects=True
    )


def _measurement_change(
    repositories: Repositories,
    row: ExperimentRecord,
    actual: Mapping[str, ActualValue],
    actor: str,
) -> ExperimentMeasured:
    before = repositories.experiments.raw(row.id) or Measurement({})
    made = Measurement(before.raw, {**before.actual, **actual})
    return ExperimentMeasured(experiment_id=row.id, measurement=made, actor=actor)
