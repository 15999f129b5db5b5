"""What a host knows of actions that a campaign's journal left open: asked before anything else."""

from collections.abc import Mapping

from labloop.errors import LabloopError, StaleStateError
from labloop.lab import Answer, ask_about, is_host
from labloop.records import ActionState, CampaignRecord, JournalEntry, Json, Outcome, Repositories

TOLD_BY = "told by "
"""Begins the detail of an outcome that a host or an instrument told when it was asked."""


def settle_by_host(
    repositories: Repositories, record: CampaignRecord, spec: Mapping[str, Json], actor: str
) -> tuple[str, ...]:
    """Write down what became of actions that only a host can tell; return it in words.

    A host that does not answer leaves them as they are: they are asked about at the next start.
    """
    lab = str(spec.get("lab") or "")
    if not is_host(lab):
        return ()
    notes: list[str] = []
    for entry in repositories.journal.open_intents(record.id):
        intent = entry.intent
        if intent.kind != "action" or not intent.device or not intent.lease_token:
            continue
        try:
            answer = ask_about(lab, intent.lease_token, intent.id)
        except LabloopError as error:
            return (*notes, f"the host could not be asked what became of its actions: {error}")
        note = _write(repositories, entry, answer, actor)
        if note:
            notes.append(note)
    return tuple(notes)


def _write(repositories: Repositories, entry: JournalEntry, answer: Answer, actor: str) -> str:
    """Commit the host's answer, where it is one; return it in words."""
    if answer.is_open or answer.state is ActionState.UNCERTAIN:
        return ""
    intent = entry.intent
    outcome = Outcome(
        intent_id=intent.id,
        state=answer.state,
        result=answer.result,
        detail=f"{TOLD_BY}the host. {answer.message}".rstrip(". "),
        sent=answer.sent,
        received=answer.received,
        lab_time=intent.lab_time,
        actor=actor,
    )
    try:
        repositories.journal.outcome(outcome).result()
    except StaleStateError:
        # A person has resolved it meanwhile.
        return ""
    return f"{intent.device}.{intent.name} ({intent.id}): the host says {answer.state.value}"
