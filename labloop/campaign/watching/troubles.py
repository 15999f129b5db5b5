"""Devices that fail and stations that are left out, kept so that the next process knows of them.

Each is an alarm that holds until one without experiments ends it. What a start reads of them is
what the machine knew when its process was killed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from labloop.campaign.decisions import Ended, Event, MachineState
from labloop.records import (
    Alarm,
    CampaignRecord,
    CampaignState,
    ExperimentRecord,
    ExperimentState,
    Repositories,
    Severity,
    experiment_number,
    make_experiment_id,
)

FAILING, LEFT_OUT = "device-failing", "station-left-out"


class Troubles:
    """Stores what changes of failing devices and of stations that are left out.

    Args:
        repositories: where alarms are stored.
        record: the campaign.
    """

    def __init__(self, repositories: Repositories, record: CampaignRecord) -> None:
        self._repositories, self._record = repositories, record
        self._standing = _standing(repositories, record)

    def note(self, before: MachineState, after: MachineState, event: Event) -> None:
        """Store what an event changed, before anything follows from it."""
        if before.device_failures != after.device_failures:
            for device in before.device_failures.keys() | after.device_failures.keys():
                count = after.device_failures.get(device, 0)
                if count != before.device_failures.get(device, 0):
                    self._device(device, count, after, event)
        for station in after.withdrawn - before.withdrawn:
            named = _named(event)
            why = event.reason if isinstance(event, Ended) else ""
            message = (
                f"{station} is given to no experiment, because: {why}. When it is mended: "
                f"labloop command {self._record.name} resume"
            )
            self._raise(LEFT_OUT, station, named, message, {})
        for station in before.withdrawn - after.withdrawn:
            self._raise(LEFT_OUT, station, [], f"{station} is given to experiments again", {})

    def _device(self, device: str, count: int, state: MachineState, event: Event) -> None:
        if not count:
            self._raise(FAILING, device, [], f"{device} works again, or was mended", {})
            return
        known: Any = self._standing.get((FAILING, device), {}).get("experiments", ())
        named = [*known, *_named(event)]
        times = "once" if count == 1 else f"{count} times in a row"
        why = event.reason if isinstance(event, Ended) else ""
        message = f"{device} failed {times}, the last because: {why}"
        asks = state.paused if device in state.paused else ""
        self._raise(FAILING, device, named, message, {"failures": count, "asks": asks})

    def _raise(
        self, kind: str, about: str, named: Sequence[int], message: str, more: Mapping[str, Any]
    ) -> None:
        data = {"subject": about, "experiments": list(named), **more}
        self._standing[kind, about] = data
        severity = Severity.WARNING if named else Severity.INFO
        newest = make_experiment_id(self._record.id, named[-1]) if named else None
        alarm = Alarm(kind, message, severity, data)
        self._repositories.alarms.add(self._record.id, alarm, experiment_id=newest).result()


def with_troubles(
    state: MachineState,
    repositories: Repositories,
    record: CampaignRecord,
    rows: Sequence[ExperimentRecord],
) -> MachineState:
    """Return where the machine goes on, with what is known of failures.

    A campaign that was stopped, or has ended, begins anew with its devices: who says resume has
    seen what failed. One whose process was ended from outside goes on as it was.

    Args:
        state: as the rows tell it.
        repositories: where alarms are stored.
        record: the campaign as it was left.
        rows: its experiments by number.
    """
    state = replace(state, attempts=_attempts(rows))
    standing = _standing(repositories, record)
    if not _was_cut_off(record):
        for (kind, about), data in standing.items():
            if data["experiments"]:
                over = {**data, "experiments": [], "failures": 0, "asks": ""}
                ended = Alarm(kind, f"{about}: a person went on", Severity.INFO, over)
                repositories.alarms.add(record.id, ended).result()
        return state
    failing = {a: d for (kind, a), d in standing.items() if kind == FAILING and d["experiments"]}
    left_out = {a for (kind, a), d in standing.items() if kind == LEFT_OUT and d["experiments"]}
    asks = [str(data["asks"]) for data in failing.values() if data["asks"]]
    return replace(
        state,
        device_failures={device: int(data["failures"]) for device, data in failing.items()},
        withdrawn=frozenset(left_out),
        paused=state.paused or (asks[-1] if asks else ""),
    )


def _was_cut_off(record: CampaignRecord) -> bool:
    """Return whether the last process was killed, or ended with its computer."""
    shut_down = record.state is CampaignState.STOPPED and "SIGTERM" in record.reason
    return shut_down or record.state is CampaignState.RUNNING


def _standing(
    repositories: Repositories, record: CampaignRecord
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the newest word of each device and station."""
    return {
        (each.alarm.kind, str(each.alarm.data["subject"])): dict(each.alarm.data)
        for each in repositories.alarms.all(record.id)
        if each.alarm.kind in {FAILING, LEFT_OUT}
    }


def _attempts(rows: Sequence[ExperimentRecord]) -> dict[str, int]:
    """Return, of each experiment that has not ended, how often its conditions failed before it.

    One that is done again keeps its proposal and its point; the one before it is abandoned.
    """
    failed: dict[tuple[object, ...], int] = {}
    attempts: dict[str, int] = {}
    for row in rows:
        key = (row.round_index, row.proposal_index, row.origin, tuple(row.point.items()))
        if row.state is ExperimentState.ABANDONED and not row.reason.startswith("withdrawn"):
            failed[key] = failed.get(key, 0) + 1
        elif key in failed and row.state in {ExperimentState.PLANNED, ExperimentState.RUNNING}:
            attempts[row.id] = failed[key]
    return attempts


def _named(event: Event) -> list[int]:
    return [experiment_number(event.experiment_id)] if isinstance(event, Ended) else []
