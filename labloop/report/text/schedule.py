"""Planned and happened, in words and letters: for a terminal, and for windows of Markdown."""

from collections.abc import Iterator, Sequence

from labloop.records import CampaignState, ForecastRecord
from labloop.report.data import CampaignData, Schedule, StationUse, counted, duration

WIDTH = 48
_SHADES = " .:+#"
"""How much of a column's time is taken: nothing, up to a third, up to two, more, all of it."""


def letter_bar(spans: Sequence[tuple[float, float]], length: float, width: int = WIDTH) -> str:
    """Return when something is in use as letters of growing weight.

    Args:
        spans: begins and ends, in seconds.
        length: seconds of the whole bar.
        width: letters of the whole bar.
    """
    column = length / width
    if not column:
        return " " * width
    taken = [0.0] * width
    for start, end in spans:
        for at in range(max(int(start / column), 0), min(int(end / column), width - 1) + 1):
            begin, until = at * column, (at + 1) * column
            taken[at] += max(0.0, min(end, until) - max(start, begin))
    # Anything at all is shown, so the second letter begins above nothing.
    return "".join(_SHADES[min(4, -int(-4 * share / column // 1))] for share in taken)


def forecast_words(forecast: ForecastRecord) -> str:
    """Return what was forecast, and at which moment."""
    at = f"at {duration(forecast.lab_time)} of lab time" if forecast.lab_time else "at its begin"
    low, high = (duration(3600 * hours) for hours in (forecast.low, forecast.high))
    waited = f"; {forecast.bottleneck} is waited for longest" if forecast.bottleneck else ""
    return (
        f"{at}: {counted(forecast.experiments, 'experiment')} in "
        f"{duration(3600 * forecast.hours)}, 90 % between {low} and {high}{waited}"
    )


def came_true(data: CampaignData, forecast: ForecastRecord) -> str:
    """Return how long it took beside the forecast; empty until the campaign has finished."""
    if data.record.state is not CampaignState.FINISHED:
        return ""
    ends = [t.record.lab_finished for t in data.experiments if t.record.lab_finished is not None]
    took = max(ends, default=0.0) - forecast.lab_time
    if took <= 0 or not forecast.hours:
        return ""
    off = took / (3600 * forecast.hours) - 1
    more = f"{abs(off):.1%}".replace("%", " %") + (" longer" if off > 0 else " shorter")
    within = 3600 * forecast.low <= took <= 3600 * forecast.high
    return f"it took {duration(took)}, {more} and {'within' if within else 'outside of'} that"


def schedule_lines(schedule: Schedule) -> Iterator[str]:
    """Yield planned and happened of each station and device as bars of letters."""
    names, end = schedule.names, schedule.end
    width = max((len(name) for name in names), default=0)
    for name in names:
        if schedule.forecast is not None:
            yield f"{name:{width}}  planned  |{_bar(schedule.planned, name, end)}|"
        title = "" if schedule.forecast is not None else name
        yield f"{title:{width}}  happened |{_bar(schedule.happened, name, end)}|"


def _bar(uses: Sequence[StationUse], name: str, end: float) -> str:
    mine = [use for use in uses if use.name == name]
    held = [use for use in mine if use.held]
    return letter_bar([(use.start, use.end) for use in held or mine], end)
