"""Rounds: proposals, the model state that they came from, and the experiments they plan."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, literal, select

from labloop.errors import StaleStateError, StoreError
from labloop.records import (
    ExperimentRecord,
    FloatArray,
    ModelState,
    Prediction,
    Proposal,
    RoundRecord,
    content_hash,
)
from labloop.store.engine import Session, Statement, insert_for_sequence, insert_into
from labloop.store.repositories.arrays import EncodedArray
from labloop.store.repositories.connections import Connections, mode_of
from labloop.store.repositories.experiments import add_operation
from labloop.store.schema import (
    ArrayRow,
    ModelArrayRow,
    ProposalRow,
    RoundRow,
    encode,
    table_of,
)

_ROUND = table_of(RoundRow)
_PROPOSAL = table_of(ProposalRow)
_MODEL_ARRAY = table_of(ModelArrayRow)
_ARRAY = table_of(ArrayRow)
_INSERT = insert_for_sequence(_ROUND)
_INSERT_PROPOSAL = insert_into(_PROPOSAL)
_INSERT_ARRAY = insert_into(_MODEL_ARRAY)
_KNOWN = Statement(
    select(literal(1)).where(
        _ROUND.c.campaign_id == bindparam("campaign_id"),
        _ROUND.c.round_index == bindparam("round_index"),
        _ROUND.c.attempt == bindparam("attempt"),
    )
)


class SqlRounds:
    """Rounds in a database; see the port ``Rounds``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def commit(self, record: RoundRecord, experiments: Sequence[ExperimentRecord]) -> Future[None]:
        """Store a round and its planned experiments in one transaction.

        Raises:
            StaleStateError: that round and attempt is stored already.
        """
        return self._db.prepared(lambda: self._operation(record, experiments))

    def all(self, campaign_id: str) -> Sequence[RoundRecord]:
        """Return the rounds by index, model states included."""
        return [record for _, record in stored_rounds(self._db, campaign_id)]

    def _operation(
        self, record: RoundRecord, experiments: Sequence[ExperimentRecord]
    ) -> Callable[[Session], None]:
        row = _round_row(record)
        proposals = [_proposal_row(p, i) for i, p in enumerate(record.proposals)]
        arrays = record.state.arrays if record.state else {}
        packed = {name: EncodedArray.of(array) for name, array in arrays.items()}
        model_arrays = [
            {
                "name": encode.text(name, "the name of a model's array"),
                "position": position,
                "shape": encode.dump(list(array.shape), "the shape of an array"),
                "sha256": packed[name].sha256,
            }
            for position, (name, array) in enumerate(arrays.items())
        ]
        for experiment in experiments:
            if experiment.campaign_id != record.campaign_id:
                raise StoreError(
                    f"the round belongs to campaign {record.campaign_id} and experiment "
                    f"{experiment.id} to {experiment.campaign_id}; commit them with their own"
                )
        adds = [add_operation(experiment) for experiment in experiments]

        def operation(session: Session) -> None:
            row["mode"] = mode_of(session, record.campaign_id)
            if session.one(_KNOWN, row) is not None:
                raise StaleStateError(
                    f"round {record.index} (attempt {record.attempt}) of campaign "
                    f"{record.campaign_id} is stored already; read it instead of asking anew"
                )
            sequence = session.rows(_INSERT, row)[0][0]
            session.many(_INSERT_PROPOSAL, [{**p, "round_sequence": sequence} for p in proposals])
            self._db.arrays.write(session, list(packed.values()))
            session.many(_INSERT_ARRAY, [{**a, "round_sequence": sequence} for a in model_arrays])
            session.link("round", sequence, row, proposals)
            for add in adds:
                add(session)

        return operation


def round_hash(record: RoundRecord) -> str:
    """Return the hash over what the brain decided: seed, data, proposals, model state."""
    state = record.state
    return content_hash(
        encode.plain(
            [
                record.campaign_id,
                record.index,
                record.attempt,
                record.seed,
                record.data_hash,
                [_proposal_json(p) for p in record.proposals],
                None if state is None else [state.kind, state.schema, state.data],
                {}
                if state is None
                else {n: EncodedArray.of(a).sha256 for n, a in state.arrays.items()},
                record.fit_report,
            ]
        )
    )


def stored_rounds(db: Connections, campaign_id: str) -> list[tuple[str, RoundRecord]]:
    """Return (hash taken before storing, round) by index and attempt."""
    of_campaign = _ROUND.c.campaign_id == campaign_id
    proposals: dict[int, list[Proposal]] = defaultdict(list)
    for row in db.rows(
        select(_PROPOSAL)
        .join_from(_PROPOSAL, _ROUND, _ROUND.c.sequence == _PROPOSAL.c.round_sequence)
        .where(of_campaign)
        .order_by(_PROPOSAL.c.round_sequence, _PROPOSAL.c.position)
    ):
        proposals[row["round_sequence"]].append(_proposal(row))
    arrays: dict[int, dict[str, FloatArray]] = defaultdict(dict)
    for row in db.rows(
        select(_MODEL_ARRAY, _ARRAY.c.length, _ARRAY.c.content)
        .join_from(_MODEL_ARRAY, _ARRAY, _ARRAY.c.sha256 == _MODEL_ARRAY.c.sha256)
        .join(_ROUND, _ROUND.c.sequence == _MODEL_ARRAY.c.round_sequence)
        .where(of_campaign)
        .order_by(_MODEL_ARRAY.c.round_sequence, _MODEL_ARRAY.c.position)
    ):
        arrays[row["round_sequence"]][row["name"]] = db.arrays.read(row).reshape(row["shape"])
    order = (_ROUND.c.round_index, _ROUND.c.attempt)
    return [
        (str(row["stored_sha256"]), _round(row, proposals, arrays))
        for row in db.rows(select(_ROUND).where(of_campaign).order_by(*order))
    ]


def _round_row(record: RoundRecord) -> dict[str, Any]:
    state = record.state
    row = {
        "campaign_id": record.campaign_id,
        "round_index": record.index,
        "attempt": record.attempt,
        "seed": record.seed,
        "data_hash": encode.text(record.data_hash, "the hash of the data"),
        "state_kind": None if state is None else encode.text(state.kind, "the kind of a model"),
        "state_schema": None if state is None else state.schema,
        "state_data": encode.dump({} if state is None else state.data, "the state of a model"),
        "fit_report": encode.dump(record.fit_report, "the fit report"),
        "seconds": encode.number(record.seconds, "the seconds of a round"),
        "actor": encode.ENGINE,
        "created": encode.to_time(record.created),
    }
    return {**row, "stored_sha256": round_hash(record)}


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    return {
        "point": dict(proposal.point),
        "strategy": proposal.strategy,
        "reason": proposal.reason,
        "model": proposal.model,
        "acquisition": proposal.acquisition,
        "acquisition_value": proposal.acquisition_value,
        "predicted": _predicted(proposal.predicted),
        "seed": proposal.seed,
    }


def _predicted(predicted: Mapping[str, Prediction]) -> dict[str, dict[str, float]]:
    return {
        name: {"mean": p.mean, "sd": p.sd, "low": p.low, "high": p.high}
        for name, p in predicted.items()
    }


def _proposal_row(proposal: Proposal, position: int) -> dict[str, Any]:
    return {
        "position": position,
        "point": encode.dump(proposal.point, "a proposed point"),
        "strategy": encode.text(proposal.strategy, "the strategy of a proposal"),
        "reason": encode.text(proposal.reason, "the reason of a proposal"),
        "model": encode.text(proposal.model, "the model of a proposal"),
        "acquisition": encode.text(proposal.acquisition, "the acquisition of a proposal"),
        "acquisition_value": encode.number(proposal.acquisition_value, "an acquisition value"),
        "predicted": encode.dump(_predicted(proposal.predicted), "the predicted outputs"),
        "seed": proposal.seed,
    }


def _proposal(row: Mapping[str, Any]) -> Proposal:
    return Proposal(
        point=row["point"],
        strategy=row["strategy"],
        reason=row["reason"],
        model=row["model"],
        acquisition=row["acquisition"],
        acquisition_value=row["acquisition_value"],
        predicted={name: Prediction(**p) for name, p in row["predicted"].items()},
        seed=row["seed"],
    )


def _round(
    row: Mapping[str, Any],
    proposals: Mapping[int, list[Proposal]],
    arrays: Mapping[int, dict[str, FloatArray]],
) -> RoundRecord:
    sequence = row["sequence"]
    state = None
    if row["state_kind"] is not None:
        state = ModelState(
            row["state_kind"], row["state_schema"], row["state_data"], arrays.get(sequence, {})
        )
    # The wells of a plate are kept with the report of the round.
    wells = row["fit_report"].get("wells") or ()
    planned = proposals.get(sequence, [])
    planned[: len(wells)] = [replace(p, well=w) for p, w in zip(planned, wells, strict=False)]
    return RoundRecord(
        campaign_id=row["campaign_id"],
        index=row["round_index"],
        attempt=row["attempt"],
        seed=row["seed"],
        data_hash=row["data_hash"],
        proposals=tuple(planned),
        state=state,
        fit_report=row["fit_report"],
        seconds=row["seconds"],
        created=encode.from_time(row["created"]),
    )
