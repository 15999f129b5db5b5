"""The hold: while a campaign waits for a person, its lab is made safe after a declared time."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from labloop.campaign.decisions import MachineState, waits_for_person
from labloop.campaign.progress import open_question
from labloop.lab import HoldTable, SafetyReport
from labloop.records import Alarm, CampaignRecord, CampaignState, Repositories


class HoldableLab(Protocol):
    """What the hold asks of a lab."""

    def hold(self) -> SafetyReport:
        """Bring into its safe state what is not kept."""
        ...

    def go_on(self) -> None:
        """Take note that the waiting is over."""
        ...


class Hold:
    """Makes a lab safe once its campaign has waited for a person for the declared time.

    It is called by the loop's thread. Its time is wall time, also where the lab is simulated:
    simulated time stands still meanwhile.

    Args:
        rule: of the lab file.
        lab: what is held.
        repositories: where it is told.
        record: the campaign.
        actor: who is written on each row.
        now: seconds, of a clock that never goes back.
    """

    def __init__(
        self,
        rule: HoldTable,
        lab: HoldableLab,
        repositories: Repositories,
        record: CampaignRecord,
        actor: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rule = rule
        self._after = rule.seconds
        self._lab = lab
        self._repositories = repositories
        self._record = record
        self._actor = actor
        self._now = now
        self._since: float | None = None
        self._safe: tuple[str, ...] | None = None
        """Devices in their safe state; None while the lab is as it was."""
        self._question = ""
        self.note = ""
        """What becomes of the lab meanwhile; empty while nobody is waited for."""

    def update(self, state: MachineState) -> bool:
        """Check whether a person is waited for; return whether the snapshot is to be published."""
        if not waits_for_person(state):
            return self._since is not None and self._go_on(ended=bool(state.ending))
        question = open_question(state)
        if self._since is None:
            self._since = self._now()
            self.note = self._announcement()
        elif self._is_due():
            self._hold()
        elif question == self._question:
            return False
        self._question = question
        self._set_reason(f"waits for you: {self.with_note(question)}")
        return True

    def with_note(self, question: str) -> str:
        """Return a question with what happens to the lab meanwhile."""
        return f"{question}; {self.note}" if question and self.note else question

    def _is_due(self) -> bool:
        if self._since is None or self._safe is not None or self._rule.state == "keep":
            return False
        return self._now() - self._since >= self._after

    def _announcement(self) -> str:
        if self._rule.state == "keep":
            return "meanwhile the lab stays as it is, as its lab file says"
        at = datetime.now().astimezone() + timedelta(seconds=self._after)
        kept = f" (but not {', '.join(self._rule.keep)})" if self._rule.keep else ""
        return (
            f"after {self._rule.after} of waiting, at {at:%H:%M}, the lab is brought into its "
            f"safe state{kept}"
        )

    def _hold(self) -> None:
        report = self._lab.hold()
        self._safe = tuple(report.safe)
        at = datetime.now().astimezone()
        self.note = f"since {at:%H:%M} the lab is held: {report.told}"
        message = (
            f"waited {self._rule.after} for a person, so these were brought into their safe "
            f"state: {', '.join(report.safe) or 'none'}"
        )
        if self._rule.keep:
            message += f"; left as they were: {', '.join(self._rule.keep)}"
        self._add_alarm("held", message)

    def _go_on(self, *, ended: bool) -> bool:
        held, self._safe = self._safe, None
        self._since, self._question, self.note = None, "", ""
        if ended:
            # What follows is the safe state of the end, and its own words.
            return True
        if held is not None:
            self._lab.go_on()
            self._add_alarm(
                "hold-over",
                f"goes on after a hold: {', '.join(held) or 'no device'} as the safe state left "
                "them; what an experiment needs warm or running it must set itself",
            )
        self._set_reason("running")
        return True

    def _add_alarm(self, kind: str, message: str) -> None:
        self._repositories.alarms.add(self._record.id, Alarm(kind, message)).result()

    def _set_reason(self, reason: str) -> None:
        self._repositories.campaigns.set_state(
            self._record.id, CampaignState.RUNNING, reason, self._actor
        ).result()
