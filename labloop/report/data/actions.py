"""The journal as spans of lab time: which device did what, from when to when."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from labloop.records import ActionState, JournalEntry

_TIMES = "\N{MULTIPLICATION SIGN}"
STEPS = "steps"
"""The row of the procedure's named steps, beside the rows of the devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One action, or several of one device and state that lie too close to be told apart."""

    row: str
    state: ActionState
    start: float
    end: float
    """Lab seconds since the first opening of the lab."""
    names: Mapping[str, int]
    """Action -> how often."""
    experiment_id: str | None

    @property
    def words(self) -> str:
        """What happened, how often, how it ended."""
        several = [f"{name} {_TIMES}{n}" if n > 1 else name for name, n in self.names.items()]
        shown = ", ".join(several[:6]) + (", …" if len(several) > 6 else "")
        return f"{self.row}: {shown} ({self.state})"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Spans in order of their start, and where in time the lab was opened anew."""

    spans: tuple[Span, ...]
    openings: tuple[float, ...]
    """Where a later opening of the lab begins; empty where it was opened once."""
    offsets: Mapping[str, float]
    """Experiment id -> where on this axis the opening begins in which it ran."""


def build_timeline(entries: Iterable[JournalEntry]) -> Timeline:
    """Return the journal's actions on one axis.

    Lab time starts at 0 whenever the lab is opened; intents are recorded in order, so a
    step back means a new opening, which is put behind all that was before.
    """
    spans: list[Span] = []
    openings: list[float] = []
    offsets: dict[str, float] = {}
    offset = last = latest = 0.0
    for entry in entries:
        intent = entry.intent
        if intent.lab_time < last - 1e-6:
            offset = latest
            openings.append(offset)
        last = intent.lab_time
        ended = entry.outcome.lab_time if entry.outcome else intent.lab_time
        start = offset + intent.lab_time
        # A person resolves an open intent later, at no lab time of that opening.
        end = max(start, offset + ended)
        latest = max(latest, end)
        if intent.experiment_id:
            offsets.setdefault(intent.experiment_id, offset)
        spans.append(
            Span(
                row=STEPS if intent.kind == "step" else intent.device,
                state=entry.state,
                start=start,
                end=end,
                names={intent.name: 1},
                experiment_id=intent.experiment_id,
            )
        )
    return Timeline(tuple(spans), tuple(openings), offsets)


def timeline_rows(spans: Sequence[Span]) -> list[str]:
    """Return the rows in order of first use, the steps first."""
    found = list(dict.fromkeys(span.row for span in spans))
    return sorted(found, key=lambda row: row != STEPS)


def merge_spans(spans: Iterable[Span], pixel: Callable[[float], float], gap: float) -> list[Span]:
    """Return spans joined where less than ``gap`` pixels part two of one row and state."""
    made: list[Span] = []
    latest: dict[tuple[str, ActionState], int] = {}
    for span in sorted(spans, key=lambda s: s.start):
        key = (span.row, span.state)
        at = latest.get(key)
        if at is not None and pixel(span.start) - pixel(made[at].end) < gap:
            made[at] = _joined(made[at], span)
            continue
        latest[key] = len(made)
        made.append(span)
    return made


def _joined(first: Span, second: Span) -> Span:
    same = first.experiment_id == second.experiment_id
    return Span(
        row=first.row,
        state=first.state,
        start=first.start,
        end=max(first.end, second.end),
        names=dict(Counter(first.names) + Counter(second.names)),
        experiment_id=first.experiment_id if same else None,
    )
