"""What a person says of the steps of an experiment: a late result, done, to be left out or done."""

import json
from collections.abc import Mapping, Sequence

from labloop.errors import StaleStateError, UnitError
from labloop.lab import LateResult, is_open_late
from labloop.records import (
    ActionState,
    ExperimentRecord,
    ExperimentStep,
    Intent,
    JournalEntry,
    Json,
    Mode,
    Outcome,
)
from labloop.units import split_quantity

WORDS = ("value", "skip", "repeat")
"""What may be said of a step; each is a key of a command's arguments."""


def step_said(
    row: ExperimentRecord,
    entries: Sequence[JournalEntry],
    arguments: Mapping[str, Json],
    actor: str,
) -> ExperimentStep:
    """Return what a person's word makes of a step.

    Args:
        row: the experiment, which waits or is uncertain.
        entries: its journal.
        arguments: ``step`` with ``value``, ``skip`` or ``repeat``, and ``reason``.
        actor: who says so.

    Raises:
        StaleStateError: there is no such step; two words at once; a reason is missing.
        ProcedureError: the value has the wrong unit.
    """
    name = str(arguments["step"])
    entry = _newest(row, entries, name)
    said = [word for word in WORDS if arguments.get(word) not in (None, False)]
    if len(said) != 1:
        got = ", ".join(said) or "none"
        raise StaleStateError(f"say one of {', '.join(WORDS)} of step {name!r}, got {got}")
    reason = str(arguments.get("reason", ""))
    late = LateResult.of(entry)
    awaited = is_open_late(entry)
    if not reason and not (awaited and said == ["value"]):
        raise StaleStateError(f"say why, with --reason: it is kept beside step {name!r}")
    result: Json = None
    if said == ["value"]:
        text = str(arguments["value"])
        result = _typed(text) if late is None else late.result(text)
    state = ActionState.FAILED if said == ["repeat"] else ActionState.DONE
    words = {"skip": "left out", "repeat": "to be done again", "value": "told"}[said[0]]
    detail = f"{words} by {actor}: {reason}" if reason else f"{words} by {actor}"
    intent = None if entry.state in _OPEN else _again(row, entries, entry, actor)
    outcome = Outcome(
        intent_id=entry.intent.id if intent is None else intent.id,
        state=state,
        result=result,
        detail=detail,
        lab_time=entry.intent.lab_time,
        actor=actor,
    )
    return ExperimentStep(outcome=outcome, intent=intent)


_OPEN = {ActionState.INTENT, ActionState.UNCERTAIN}


def settled(entries: Sequence[JournalEntry], said: ExperimentStep) -> list[JournalEntry]:
    """Return the entries of which nothing is known yet, once ``said`` is stored."""
    return [e for e in entries if e.state in _OPEN and e.intent.id != said.outcome.intent_id]


def why_not_entered_again(row: ExperimentRecord, entries: Sequence[JournalEntry]) -> str:
    """Return why a procedure cannot be entered again through its steps; empty where it can.

    Finished steps give what they gave. Nothing else may have happened that would happen twice.
    """
    if row.mode is Mode.SIMULATED:
        return "its simulated lab ended with the process"
    steps = [entry for entry in entries if entry.intent.kind == "step"]
    unknown = [e for e in steps if e.state in _OPEN and not is_open_late(e)]
    if unknown:
        name = unknown[-1].intent.name
        return (
            f"it is not known whether step {name!r} was done; say so first: labloop step NAME "
            f"{row.number} {name} --value ..., --skip or --repeat"
        )
    outside = [
        f"{e.intent.device}.{e.intent.name}"
        for e in entries
        if e.intent.kind == "action" and not e.intent.step and not e.intent.idempotent
        if e.state is not ActionState.NOT_SENT
    ]
    if outside:
        return (
            f"{', '.join(dict.fromkeys(outside))} was done outside of a step, and would be done "
            "again; resolve it as done, failed or abandoned"
        )
    return ""


def _typed(text: str) -> Json:
    """Return what a person typed as the result of a step: JSON, a quantity, or words."""
    try:
        parsed: Json = json.loads(text)
    except ValueError:
        pass
    else:
        return parsed
    try:
        number, unit = split_quantity(text)
    except UnitError:
        return text
    return {"value": number, "unit": unit}


def _newest(row: ExperimentRecord, entries: Sequence[JournalEntry], name: str) -> JournalEntry:
    steps = {e.intent.name: e for e in entries if e.intent.kind == "step"}
    if name not in steps:
        known = ", ".join(steps) or "none"
        raise StaleStateError(f"experiment {row.number} has no step {name!r}; it has: {known}")
    return steps[name]


def _again(
    row: ExperimentRecord, entries: Sequence[JournalEntry], entry: JournalEntry, actor: str
) -> Intent:
    """Return the intent under which a person's word about a step that has ended is kept."""
    numbers = [e.intent.id.rpartition("-a")[2] for e in entries]
    count = max((int(number) for number in numbers if number.isdigit()), default=0) + 1
    return Intent(
        id=f"{row.id}-a{count:03d}",
        campaign_id=row.campaign_id,
        experiment_id=row.id,
        device="",
        name=entry.intent.name,
        kind="step",
        arguments=entry.intent.arguments,
        lab_time=entry.intent.lab_time,
        actor=actor,
    )
