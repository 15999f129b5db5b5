"""Reads a campaign from the repositories, once, as a report sees it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from labloop.campaign import actual_point, correction_history, standing_wishes
from labloop.errors import SpaceError
from labloop.records import (
    ActualValue,
    CurveData,
    ExperimentRecord,
    ExperimentState,
    Json,
    OutputValue,
    Prediction,
    Proposal,
    Repositories,
    RoundRecord,
    ScalarValue,
)
from labloop.report.data.aims import Aims
from labloop.report.data.campaign import Axis, CampaignData, ExperimentData
from labloop.space import SearchSpace

_NUMBERS = frozenset({"linear", "log"})


def read_campaign(
    repositories: Repositories,
    campaign_id: str,
    known: dict[str, Mapping[str, OutputValue]] | None = None,
) -> CampaignData:
    """Read one campaign; raises NotFoundError.

    ``known``: scalar outputs of finished experiments that were read before; only what is not
    there is read, and added. Then curves are left out.
    """
    record = repositories.campaigns.get(campaign_id)
    bounds = dict(_bounds(record.spec))
    rounds = [_within(r, bounds) for r in repositories.rounds.all(campaign_id)]
    units = dict(_scalar_units(record.spec))
    aims = Aims.of(_mapping(record.spec.get("objective")), units)
    rows = repositories.experiments.all(campaign_id)
    if known is None:
        outputs = repositories.experiments.outputs(campaign_id)
        past = correction_history(repositories, campaign_id)
    else:
        # While it runs nothing is corrected.
        outputs, past = _completed(repositories, campaign_id, rows, known), {}
    actual = repositories.experiments.actual(campaign_id)
    asked = {(r.index, i): p for r in rounds for i, p in enumerate(r.proposals)}
    space = _space(record.spec)
    experiments = tuple(
        replace(
            _experiment_data(e, outputs.get(e.id, {}), asked.get(_asked_by(e)), aims),
            **_carried_out(e, actual.get(e.id, {}), space),
            past=tuple(past.get(e.id, ())),
        )
        for e in rows
    )
    return CampaignData(
        record=record,
        experiments=experiments,
        rounds=rounds,
        alarms=repositories.alarms.all(campaign_id),
        axes=_axes(space, experiments),
        units=units,
        aims=aims,
        bounds=bounds,
        forecasts=repositories.schedules.forecasts(campaign_id),
        wishes=standing_wishes(repositories.commands.all(campaign_id)).told,
    )


def _completed(
    repositories: Repositories,
    campaign_id: str,
    rows: Sequence[ExperimentRecord],
    known: dict[str, Mapping[str, OutputValue]],
) -> Mapping[str, Mapping[str, OutputValue]]:
    for row in rows:
        if row.state is ExperimentState.DONE and row.id not in known:
            read = repositories.experiments.outputs(campaign_id, row.id).get(row.id, {})
            known[row.id] = {n: v for n, v in read.items() if isinstance(v, ScalarValue)}
    return known


def _space(spec: Mapping[str, Json]) -> SearchSpace | None:
    declared = _mapping(spec.get("space"))
    return SearchSpace.from_spec(declared) if declared else None


def _carried_out(
    record: ExperimentRecord, actual: Mapping[str, ActualValue], space: SearchSpace | None
) -> dict[str, Any]:
    """Return where an experiment was carried out, and whether that is outside of the space."""
    ended = record.state in {ExperimentState.DONE, ExperimentState.FAILED}
    if space is None or not ended:
        return {}
    try:
        point = actual_point(record.point, actual, space)
    except SpaceError:
        return {"outside": True}
    reached = None if point == record.point else point
    return {"reached": reached, "outside": not space.contains(point)}


def _asked_by(record: ExperimentRecord) -> tuple[int, int]:
    if record.round_index is None or record.proposal_index is None:
        return (-1, -1)
    return (record.round_index, record.proposal_index)


def _experiment_data(
    record: ExperimentRecord,
    values: Mapping[str, OutputValue],
    proposal: Proposal | None,
    aims: Aims,
) -> ExperimentData:
    scalars = {n: v for n, v in values.items() if isinstance(v, ScalarValue)}
    curves = {n: v for n, v in values.items() if isinstance(v, CurveData)}
    done = record.state is ExperimentState.DONE
    plain = {n: v.value for n, v in scalars.items()}
    scores = aims.score(plain) if done else None
    broken = () if scores is None else aims.breaks(plain)
    return ExperimentData(record, scalars, curves, proposal, scores, breaks=broken)


def _bounds(spec: Mapping[str, Json]) -> Iterator[tuple[str, tuple[float, float]]]:
    outputs: Any = spec.get("outputs", ())
    for output in outputs:
        if output.get("bounds"):
            low, high = output["bounds"]
            yield str(output["name"]), (float(low), float(high))


def _within(asked: RoundRecord, bounds: Mapping[str, tuple[float, float]]) -> RoundRecord:
    """Return a round whose proposals expect of each output what it can be at all."""
    if not bounds:
        return asked
    return replace(
        asked,
        proposals=tuple(
            replace(
                proposal,
                predicted={
                    name: clipped(found, bounds[name]) if name in bounds else found
                    for name, found in proposal.predicted.items()
                },
            )
            for proposal in asked.proposals
        ),
    )


def clipped(expected: Prediction, bounds: tuple[float, float]) -> Prediction:
    """Return an expectation within bounds."""
    mean, low, high = (
        min(max(v, bounds[0]), bounds[1]) for v in (expected.mean, expected.low, expected.high)
    )
    return replace(expected, mean=mean, low=low, high=high)


def _scalar_units(spec: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    outputs: Any = spec.get("outputs", ())
    for output in outputs:
        if output.get("kind") == "scalar":
            yield str(output["name"]), str(output.get("unit", "1"))


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _axes(space: SearchSpace | None, experiments: Sequence[ExperimentData]) -> tuple[Axis, ...]:
    """Return an axis a parameter: as the space declares it, else as the points show it."""
    names = list(space.names) if space else list(experiments[0].record.point) if experiments else []
    units = {p.name: getattr(p, "unit", "1") for p in space.parameters} if space else {}
    numbers = {f.parameter: f for f in space.features if f.kind in _NUMBERS} if space else {}
    axes = []
    for name in names:
        seen = [t.point[name] for t in experiments if name in t.point]
        texts = sorted({v for v in seen if isinstance(v, str)})
        feature, unit = numbers.get(name), units.get(name, "1")
        if texts or feature is None:
            axes.append(Axis(name, unit, categories=tuple(texts)))
            continue
        axes.append(Axis(name, unit, feature.kind == "log", bounds=(feature.low, feature.high)))
    return tuple(axes)
