"""What became of each device when the lab was made safe, and how that is reported."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from labloop.errors import LabloopError, NotSafeError
from labloop.records import NOT_SAFE, ActionState, Alarm, JournalEntry, Json, Mode, Severity

PROCEDURE_SECONDS = 5.0
"""How long a cancelled procedure may clean up at most."""


@dataclass(slots=True)
class SafetyReport:
    """What became of each device."""

    safe: list[str] = field(default_factory=list)
    """Devices that reached their safe state, in that order."""
    failures: dict[str, str] = field(default_factory=dict)
    """Device -> why it did not reach it."""
    still_running: list[str] = field(default_factory=list)
    """Experiments that did not end in time."""
    seconds: float = 0.0
    """Lab seconds that it took."""

    @property
    def told(self) -> str:
        """The report in one sentence."""
        text = f"{len(self.safe)} devices are safe"
        for name, why in self.failures.items():
            text += f"; {name} is NOT known to be safe: {why}"
        return text

    def told_beside(self, error: LabloopError) -> str:
        """Return what is added to the error of a connect: what became of the other devices."""
        parts: list[str] = []
        if self.safe:
            parts.append(f"made safe: {', '.join(self.safe)}")
        parts += [f"{name} is NOT known to be safe: {why}" for name, why in self.failures.items()]
        if not parts:
            return ""
        return ("\n  " if "\n" in str(error) else "; ") + "of the others: " + "; ".join(parts)

    def alarms(self) -> list[Alarm]:
        """Return a critical alarm for everything that is not known to be safe."""
        found = [
            _alarm(f"{name} is NOT known to be in its safe state: {why}", device=name)
            for name, why in self.failures.items()
        ]
        return found + [
            _alarm(
                f"the procedure of {key} did not leave within {PROCEDURE_SECONDS:g} s and was "
                "given up: what it held by itself, it still holds",
                experiment=key,
            )
            for key in self.still_running
        ]

    def error(self, cause: BaseException | None = None) -> NotSafeError | None:
        """Return what leaving the lab raises; None where everything is safe.

        Args:
            cause: the error with which the lab was left.
        """
        text = " ".join(alarm.message for alarm in self.alarms())
        if not text:
            return None
        kind = "" if isinstance(cause, LabloopError) else f"{type(cause).__name__}: "
        ended = "" if cause is None else f" (It ended with {kind}{cause}".rstrip(": ") + ")"
        error = NotSafeError(f"NOT SAFE: {text}{ended}")
        error.__cause__ = cause
        return error

    def check(self) -> None:
        """Raise NotSafeError where something is not known to be safe."""
        error = self.error()
        if error is not None:
            raise error


def _alarm(message: str, **data: Json) -> Alarm:
    text = f"{message.rstrip('.')}. Go and look at it now."
    return Alarm(NOT_SAFE, text, Severity.CRITICAL, data)


def left_running(
    entries: Sequence[JournalEntry], reached: Container[str], mode: Mode
) -> dict[str, str]:
    """Return devices that an earlier process left in use and that cannot be reached now, with why.

    Args:
        entries: the journal of the campaign, in order.
        reached: devices that answered.
        mode: a simulated lab begins anew each time, so nothing is left of it.
    """
    last = {e.intent.device: e for e in entries if e.intent.kind == "action"}
    return {
        name: f"it cannot be reached, and the last known of it is {entry.intent.name}"
        for name, entry in last.items()
        if mode is Mode.REAL
        and name not in reached
        and (entry.intent.name != "safe_state" or entry.state is not ActionState.DONE)
    }
