"""Brings the devices of a lab into their safe state, after the process that had them has ended.

The host's own code does it, in the host's order: locks, opening, identifying, safe states.
"""

import time
from dataclasses import dataclass, field

from labloop.errors import LabloopError, LeaseError
from labloop.lab.configuration import LabFile
from labloop.lab.gate import MemoryJournal
from labloop.lab.host import LabHost, SafetyReport
from labloop.lab.transports import line_key
from labloop.records import Alarm, Mode

ACTOR = "watchdog"
"""Who is written into each row."""
GIVE_UP_SECONDS = 120.0
"""So long it is tried to reach a device."""
_FIRST_PATIENCE = 5.0
"""A device that is not connected by then is tried again, from the beginning."""
_PORT_SECONDS = 2.0
"""So long a process that was killed may still have its ports."""
_GLANCE = 0.01
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


@dataclass(slots=True)
class Rescue:
    """What became of the devices, and what was sent to them."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    safe: dict[str, float] = field(default_factory=dict)
    """Device -> seconds from the beginning until it was in its safe state."""
    failures: dict[str, str] = field(default_factory=dict)
    """Device -> why it is not known to be in its safe state."""

    def run(self, lab_file: LabFile, campaign_id: str, purpose: str) -> None:
        """Try until every device is safe, or for ``GIVE_UP_SECONDS``.

        Args:
            lab_file: the lab; devices without a line are left out.
            campaign_id: on whose behalf.
            purpose: what is told to whoever asks for the same instruments.
        """
        began, patience, pause = time.monotonic(), _FIRST_PATIENCE, _FIRST_PAUSE
        left = [n for n in lab_file.safe_order if line_key(lab_file.devices[n].url)]
        while left:
            together = lab_file.only(left)
            if not self._make_safe(together, campaign_id, purpose, patience, began):
                if time.monotonic() - began < _PORT_SECONDS:
                    time.sleep(_GLANCE)
                    continue
                # Somebody has one of them: the others need not wait for that.
                for name in left:
                    self._make_safe(lab_file.only([name]), campaign_id, purpose, patience, began)
            left = [name for name in left if name not in self.safe]
            # What a device needs to connect it has from the second round on.
            patience = GIVE_UP_SECONDS
            if time.monotonic() - began + pause > GIVE_UP_SECONDS:
                return
            if left:
                time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _make_safe(
        self, part: LabFile, campaign_id: str, purpose: str, patience: float, began: float
    ) -> bool:
        """Make a part of the lab safe; return False where somebody else has a port of it."""
        why, free = "", True
        report = SafetyReport()
        alarms: list[Alarm] = []
        try:
            host = LabHost(
                part,
                mode=Mode.REAL,
                journal=self.journal,
                campaign_id=campaign_id,
                actor=ACTOR,
                on_alarm=alarms.append,
                purpose=purpose,
                patience=patience,
            )
            report = host.report
            with host:
                pass
        except LeaseError as error:
            why, free = str(error), False
        except LabloopError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - process edge: the other devices come next
            why = f"{type(error).__name__}: {error}"
        for name in report.safe:
            self.safe[name] = time.monotonic() - began
            self.failures.pop(name, None)
        for name in set(part.devices) - set(report.safe):
            self.failures[name] = report.failures.get(name) or why
        return free
