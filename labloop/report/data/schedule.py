"""Who had what and when, beside what the newest forecast expected, in the campaign's lab time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from labloop.records import ForecastRecord, Repositories
from labloop.report.data.actions import STEPS, Timeline, build_timeline
from labloop.report.data.campaign import CampaignData, ExperimentData


@dataclass(frozen=True, slots=True)
class StationUse:
    """A station or device that is held, or a device that acts, in lab seconds of the campaign."""

    name: str
    start: float
    end: float
    held: bool
    """Whether an experiment has it; else it acts."""
    number: int | None = None
    """Of the experiment, where that is known."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What was planned and what happened.

    Attributes:
        forecast: the newest one; None where there is none.
        planned: what it expected.
        happened: what was held, and what acted.
    """

    forecast: ForecastRecord | None
    planned: tuple[StationUse, ...]
    happened: tuple[StationUse, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Stations and devices: those that are held first, each kind in order of first use."""
        both = sorted((*self.happened, *self.planned), key=lambda use: (not use.held, use.start))
        return tuple(dict.fromkeys(use.name for use in both))

    @property
    def end(self) -> float:
        """The last lab second of which anything is known, with the interval of the forecast."""
        late = 0.0
        if self.forecast is not None:
            late = self.forecast.lab_time + 3600 * self.forecast.high
        return max([late, *(use.end for use in (*self.planned, *self.happened))])


def read_schedule(repositories: Repositories, data: CampaignData) -> Schedule | None:
    """Return what was planned and what happened.

    None where there is no forecast and no station or device was ever held.
    """
    held = repositories.schedules.held(data.record.id)
    if not held and not data.forecasts:
        return None
    forecast = data.forecasts[-1] if data.forecasts else None
    planned: list[StationUse] = []
    if forecast is not None:
        planned = [
            StationUse(
                each.name, forecast.lab_time + each.start, forecast.lab_time + each.end, each.held
            )
            for each in forecast.spans
        ]
    numbers = {t.record.id: t.record.number for t in data.experiments}
    happened = [
        StationUse(each.name, each.start, each.end, True, numbers.get(each.experiment_id or ""))
        for each in held
    ]
    happened += _acts(repositories, data, numbers)
    return Schedule(forecast, tuple(planned), tuple(happened))


def _acts(
    repositories: Repositories, data: CampaignData, numbers: Mapping[str, int]
) -> Iterator[StationUse]:
    """Yield what devices did, in lab time of the campaign."""
    time = build_timeline(repositories.journal.iter_entries(data.record.id))
    shifts = opening_shifts(data.experiments, time)
    for span in time.spans:
        key = span.experiment_id
        if key in shifts and span.row != STEPS:
            shift = shifts[key]
            start, end = span.start - shift, span.end - shift
            yield StationUse(span.row, start, end, False, numbers.get(key))


def opening_shifts(experiments: Sequence[ExperimentData], time: Timeline) -> dict[str, float]:
    """Return experiment id -> what to add to its lab times, in seconds, on the journal's axis.

    A campaign's lab time goes on where the experiments before had ended, and the journal's
    where its last action had: on making the lab safe some seconds pass.
    """
    shifts: dict[str, float] = {}
    offset = began = latest = 0.0
    for record in sorted((t.record for t in experiments), key=lambda r: r.lab_started or 0.0):
        if (now := time.offsets.get(record.id, offset)) != offset:
            offset, began = now, latest
        shifts[record.id] = offset - began
        latest = max(latest, record.lab_started or 0.0, record.lab_finished or 0.0)
    return shifts
