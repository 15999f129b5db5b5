"""The rows of a campaign's tables, for spreadsheets and data frames.

Long tables are iterators, because the curves of a campaign may not fit into memory.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from labloop.objectives import Objectives
from labloop.records import (
    CampaignRecord,
    CurveData,
    ExperimentRecord,
    JournalEntry,
    Measurement,
    OutputValue,
    RawValue,
    Repositories,
    ScalarValue,
    calibrations_of,
    canonical_json,
)
from labloop.space import SearchSpace

Row = dict[str, Any]

COLUMNS: Mapping[str, Mapping[str, type]] = {
    "experiments": {
        "number": int,
        "experiment": str,
        "state": str,
        "origin": str,
        "round": int,
        "proposal": int,
        "well": str,
        "reason": str,
        "actor": str,
        "mode": str,
        "lab started (s)": float,
        "lab finished (s)": float,
        "created": str,
        "finished": str,
    },
    "proposals": {
        "round": int,
        "attempt": int,
        "proposal": int,
        "well": str,
        "strategy": str,
        "reason": str,
        "model": str,
        "acquisition": str,
        "acquisition value": float,
        "seed": int,
        "data hash": str,
    },
    "journal": {
        "sequence": int,
        "intent": str,
        "experiment": str,
        "device": str,
        "kind": str,
        "name": str,
        "arguments": str,
        "state": str,
        "result": str,
        "detail": str,
        "sent": str,
        "received": str,
        "lab time begun (s)": float,
        "lab time ended (s)": float,
        "idempotent": bool,
        "actor": str,
        "lease token": int,
        "recorded": str,
    },
    "curves": {
        "number": int,
        "experiment": str,
        "source": str,
        "curve": str,
        "index": int,
        "x": float,
        "y": float,
        "x unit": str,
        "y unit": str,
    },
    "calibrations": {
        "device": str,
        "quantity": str,
        "performed": str,
        "due": str,
        "performed by": str,
        "unit": str,
        "serial number": str,
        "note": str,
        "recorded": str,
        "reference": float,
        "shown": float,
    },
    "stock": {
        "experiment": str,
        "what": str,
        "amount": float,
        "unit": str,
        "lot": str,
        "place": str,
        "expires": str,
    },
    "samples": {
        "sample": str,
        "what": str,
        "experiment": str,
        "change": str,
        "place": str,
        "lab time (s)": float,
        "reason": str,
        "actor": str,
        "recorded": str,
    },
}
"""The columns of each table; those of parameters and outputs are added by the rows."""

LONG = ("journal", "curves")
"""Tables with exactly these columns; their rows are an iterator."""

_SLICE = 10_000
"""Points of a curve that are made into rows at once."""


def tables(repositories: Repositories, campaign_id: str) -> dict[str, Iterable[Row]]:
    """Return ``experiments``, ``proposals`` (wide), ``journal``, ``curves`` and what else there is.

    The others are ``calibrations``, ``stock`` (what each experiment used, by lot) and ``samples``
    (their events). A header carries its unit: ``temperature (degC)``; a unit of 1 is left out.
    """
    campaign = repositories.campaigns.get(campaign_id)
    units = units_of(campaign)
    wanted = _wanted(campaign)
    experiments = repositories.experiments.all(campaign_id)
    wells = _wells(repositories, campaign_id)

    def yields(e: ExperimentRecord) -> tuple[Measurement | None, Mapping[str, OutputValue]]:
        found = repositories.experiments.outputs(campaign_id, e.id)
        return repositories.experiments.raw(e.id), found.get(e.id, {})

    return {
        "experiments": [
            _experiment(
                e, *yields(e), units, wanted, wells.get((e.round_index, e.proposal_index), "")
            )
            for e in experiments
        ],
        "proposals": _proposals(repositories, campaign_id, units),
        "journal": (_entry(entry) for entry in repositories.journal.iter_entries(campaign_id)),
        "curves": (row for e in experiments for row in _curves(e, *yields(e))),
        "calibrations": _calibrations(repositories, campaign),
        "stock": _stock(repositories, campaign_id),
        "samples": _samples(repositories, campaign_id),
    }


def _wells(
    repositories: Repositories, campaign_id: str
) -> dict[tuple[int | None, int | None], str]:
    """Return the well of each proposal of a plate, by round and place in it."""
    return {
        (record.index, position): proposal.well
        for record in repositories.rounds.all(campaign_id)
        for position, proposal in enumerate(record.proposals)
        if proposal.well
    }


def _calibrations(repositories: Repositories, campaign: CampaignRecord) -> list[Row]:
    """Return a row for each comparison with a reference; a calibration without any has one."""
    rows: list[Row] = []
    for made in calibrations_of(repositories, campaign):
        row: Row = {
            "device": made.device,
            "quantity": made.quantity,
            "performed": made.performed.isoformat(),
            "due": None if made.due is None else made.due.isoformat(),
            "performed by": made.performed_by,
            "unit": made.unit,
            "serial number": made.serial_number,
            "note": made.note,
            "recorded": None if made.recorded is None else made.recorded.isoformat(),
        }
        points: list[Row] = [{"reference": p.reference, "shown": p.shown} for p in made.points]
        rows += [{**row, **point} for point in points or [{"reference": None, "shown": None}]]
    return rows


def _stock(repositories: Repositories, campaign_id: str) -> list[Row]:
    """Return a row for each lot of which an experiment used something."""
    return [
        {
            "experiment": used.experiment_id,
            "what": used.name,
            "amount": used.amount,
            "unit": used.unit,
            "lot": used.lot,
            "place": used.place,
            "expires": None if used.expires is None else used.expires.isoformat(),
        }
        for used in repositories.stock.used(campaign_id)
    ]


def _samples(repositories: Repositories, campaign_id: str) -> list[Row]:
    """Return a row for each event of each sample."""
    return [
        {
            "sample": sample.name,
            "what": sample.kind,
            "experiment": event.experiment_id,
            "change": event.change.value,
            "place": event.place,
            "lab time (s)": event.lab_time,
            "reason": event.reason,
            "actor": event.actor,
            "recorded": None if event.recorded is None else event.recorded.isoformat(),
        }
        for sample in repositories.samples.of_campaign(campaign_id)
        for event in sample.events
    ]


def units_of(campaign: CampaignRecord) -> dict[str, str]:
    """Return parameter -> unit, from the space in the campaign's stored spec."""
    space = campaign.spec.get("space")
    if not isinstance(space, Mapping):
        return {}
    parameters = SearchSpace.from_spec(space).parameters
    return {p.name: str(getattr(p, "unit", "1")) for p in parameters}


def _wanted(campaign: CampaignRecord) -> Objectives | None:
    """Return what is wanted where thresholds or outcome constraints make a result feasible."""
    declared = campaign.spec.get("objective")
    if not isinstance(declared, Mapping) or not declared:
        return None
    wanted = Objectives.from_spec(declared)
    return wanted if wanted.demands else None


def _feasible(wanted: Objectives, outputs: Mapping[str, OutputValue]) -> bool | None:
    """Return whether a result breaks nothing; None where an output is missing."""
    found = {n: v.value for n, v in outputs.items() if isinstance(v, ScalarValue)}
    complete = all(name in found for name in wanted.outputs)
    return not wanted.breaks(found) if complete else None


def _headed(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name} ({unit})"


def _experiment(
    record: ExperimentRecord,
    measurement: Measurement | None,
    outputs: Mapping[str, OutputValue],
    units: Mapping[str, str],
    wanted: Objectives | None,
    well: str,
) -> Row:
    row: Row = {
        "number": record.number,
        "experiment": record.id,
        "state": record.state.value,
        "origin": record.origin.value,
        "round": record.round_index,
        "proposal": record.proposal_index,
        "well": well,
    }
    row |= {_headed(name, units.get(name, "1")): v for name, v in record.point.items()}
    if measurement is not None:
        for name, actual in measurement.actual.items():
            row |= _named(f"actual {name}", actual)
    for name, output in outputs.items():
        if isinstance(output, ScalarValue):
            row |= _scalar(name, output)
    if wanted is not None:
        row["feasible"] = _feasible(wanted, outputs)
    if measurement is not None:
        for name, value in measurement.raw.items():
            if not isinstance(value, CurveData):
                row |= _named(f"raw {name}", value)
    return row | {
        "reason": record.reason,
        "actor": record.actor,
        "mode": record.mode.value,
        "lab started (s)": record.lab_started,
        "lab finished (s)": record.lab_finished,
        "created": _time(record.created),
        "finished": _time(record.finished),
    }


def _named(name: str, value: ScalarValue | str) -> Row:
    return {name: value} if isinstance(value, str) else _scalar(name, value)


def _scalar(name: str, value: ScalarValue) -> Row:
    row: Row = {_headed(name, value.unit): value.value}
    if value.sd is not None:
        row[_headed(f"{name} sd", value.unit)] = value.sd
    return row


def _time(moment: Any) -> str | None:
    return None if moment is None else str(moment.isoformat())


def _proposals(repositories: Repositories, campaign_id: str, units: Mapping[str, str]) -> list[Row]:
    made: list[Row] = []
    for record in repositories.rounds.all(campaign_id):
        for position, proposal in enumerate(record.proposals):
            row: Row = {"round": record.index, "attempt": record.attempt, "proposal": position}
            row["well"] = proposal.well
            row |= {_headed(n, units.get(n, "1")): v for n, v in proposal.point.items()}
            for name, predicted in proposal.predicted.items():
                row |= {
                    f"predicted {name}": predicted.mean,
                    f"predicted {name} sd": predicted.sd,
                    f"predicted {name} low": predicted.low,
                    f"predicted {name} high": predicted.high,
                }
            made.append(
                row
                | {
                    "strategy": proposal.strategy,
                    "reason": proposal.reason,
                    "model": proposal.model,
                    "acquisition": proposal.acquisition,
                    "acquisition value": proposal.acquisition_value,
                    "seed": proposal.seed,
                    "data hash": record.data_hash,
                }
            )
    return made


def _entry(entry: JournalEntry) -> Row:
    intent, outcome = entry.intent, entry.outcome
    return {
        "sequence": entry.sequence,
        "intent": intent.id,
        "experiment": intent.experiment_id,
        "device": intent.device,
        "kind": intent.kind,
        "name": intent.name,
        "arguments": canonical_json(intent.arguments),
        "state": entry.state.value,
        "result": None if outcome is None else canonical_json(outcome.result),
        "detail": "" if outcome is None else outcome.detail,
        "sent": "" if outcome is None else _frames(outcome.sent),
        "received": "" if outcome is None else _frames(outcome.received),
        "lab time begun (s)": intent.lab_time,
        "lab time ended (s)": None if outcome is None else outcome.lab_time,
        "idempotent": intent.idempotent,
        "actor": intent.actor,
        "lease token": intent.lease_token,
        "recorded": _time(entry.recorded),
    }


def _frames(frames: Sequence[bytes]) -> str:
    """Return frames as text: printable characters as they are, others escaped."""
    return " | ".join(frame.decode("latin-1").encode("unicode_escape").decode() for frame in frames)


def _curves(
    record: ExperimentRecord,
    measurement: Measurement | None,
    outputs: Mapping[str, OutputValue],
) -> Iterator[Row]:
    sources: list[tuple[str, Mapping[str, RawValue]]] = [("output", outputs)]
    if measurement is not None:
        sources.insert(0, ("raw", measurement.raw))
    for source, values in sources:
        for name, curve in values.items():
            if isinstance(curve, CurveData):
                whose: Row = {"number": record.number, "experiment": record.id}
                whose |= {"source": source, "curve": name}
                for row in _points(curve):
                    yield whose | row


def _points(curve: CurveData) -> Iterator[Row]:
    units = {"x unit": curve.x_unit, "y unit": curve.y_unit}
    for begin in range(0, len(curve.x), _SLICE):
        part = slice(begin, begin + _SLICE)
        pairs = zip(curve.x[part].tolist(), curve.y[part].tolist(), strict=True)
        for index, (x, y) in enumerate(pairs, start=begin):
            yield {"index": index, "x": x, "y": y} | units
