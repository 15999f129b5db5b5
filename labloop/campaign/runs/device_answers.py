"""What instruments know of actions that a real lab's journal left open: asked before a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from labloop.campaign.definition import Definition
from labloop.campaign.execution import TOLD_BY
from labloop.campaign.loop import device_leases
from labloop.errors import DeviceError, StaleStateError
from labloop.lab import (
    Lab,
    LabFile,
    LabHost,
    LeaseCheck,
    ask_executed,
    can_tell,
    load_lab_file,
    plan_lab,
)
from labloop.records import (
    ActionState,
    Alarm,
    CampaignRecord,
    JournalEntry,
    Mode,
    Outcome,
    Repositories,
)

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class _Asked:
    """An open action, and what its instrument says of it."""

    entry: JournalEntry
    state: ActionState
    """UNCERTAIN where it cannot say."""
    why: str = ""
    """Why it could not be asked."""


def mark_of(record: CampaignRecord) -> str:
    """Return what makes the ids of a campaign's actions unique for instruments that keep them.

    Ids of campaigns follow from what a person chose and are the same in two databases; the moment
    at which one was stored is not. Empty in simulation, where two runs give the same bytes.
    """
    if record.mode is Mode.SIMULATED or record.created is None:
        return ""
    number, text = int(record.created.timestamp() * 1e6), ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def settle_by_devices(
    repositories: Repositories,
    record: CampaignRecord,
    definition: Definition,
    actor: str,
    *,
    take_over: bool = False,
) -> tuple[str, ...]:
    """Write down what became of open actions that their instruments can tell; return it in words.

    Only the devices concerned are opened, by a driver that declares
    :meth:`~labloop.lab.Device.executed`; nothing is repeated, and they are left safe. An instrument
    that does not answer, or cannot say, leaves its actions open: a person is asked.

    Raises:
        LeaseError: somebody else commands one of the devices.
        NotSafeError: one of them is not known to be safe.
    """
    if record.mode is Mode.SIMULATED or definition.lab_file is None:
        return ()
    entries = [
        entry
        for entry in repositories.journal.open_intents(record.id)
        if entry.intent.kind == "action" and entry.intent.experiment_id is not None
    ]
    if not entries:
        return ()
    lab_file = load_lab_file(definition.lab_file)
    drivers = plan_lab(lab_file, record.mode).drivers
    entries = [e for e in entries if e.intent.device in drivers]
    entries = [e for e in entries if can_tell(drivers[e.intent.device])]
    if not entries:
        return ()
    part = lab_file.only({entry.intent.device for entry in entries})
    with device_leases(repositories, part, record.mode, actor, take_over=take_over) as lease:
        asked = _ask(repositories, record, part, entries, actor, lease)
    notes = (_write(repositories, one, actor) for one in asked)
    return tuple(note for note in notes if note)


def _ask(
    repositories: Repositories,
    record: CampaignRecord,
    part: LabFile,
    entries: Sequence[JournalEntry],
    actor: str,
    lease: LeaseCheck | None,
) -> list[_Asked]:
    """Open the devices concerned, ask them, and leave them safe."""

    def keep(alarm: Alarm) -> None:
        repositories.alarms.add(record.id, alarm)

    async def ask(lab: Lab) -> list[_Asked]:
        return [await _asked(lab, entry) for entry in entries]

    host = LabHost(
        part,
        mode=record.mode,
        journal=repositories.journal,
        campaign_id=record.id,
        actor=actor,
        lease=lease,
        on_alarm=keep,
        purpose=f"campaign {record.name}",
        handover=repositories.handover,
        mark=mark_of(record),
    )
    with host:
        return host.call(ask)


async def _asked(lab: Lab, entry: JournalEntry) -> _Asked:
    try:
        state = await ask_executed(getattr(lab, entry.intent.device), entry.intent.id)
    except DeviceError as error:
        return _Asked(entry, ActionState.UNCERTAIN, str(error))
    return _Asked(entry, state)


def _write(repositories: Repositories, asked: _Asked, actor: str) -> str:
    """Commit what an instrument said, where it is an end; return it in words."""
    intent = asked.entry.intent
    what = f"{intent.device}.{intent.name} ({intent.id})"
    if asked.state is ActionState.INTENT:
        return f"{what}: {intent.device} says it was still under way when it was made safe"
    if asked.state is ActionState.UNCERTAIN:
        return f"{what}: {intent.device} could not be asked: {asked.why}" if asked.why else ""
    outcome = Outcome(
        intent_id=intent.id,
        state=asked.state,
        detail=f"{TOLD_BY}{intent.device} itself, which was asked",
        lab_time=intent.lab_time,
        actor=actor,
    )
    try:
        repositories.journal.outcome(outcome).result()
    except StaleStateError:
        # A person has resolved it meanwhile.
        return ""
    return f"{what}: {intent.device} says {asked.state.value}"
