"""What each device did in lab time, and who had what: planned, happened, and close up."""

from collections.abc import Mapping, Sequence

from labloop.records import ActionState, Repositories
from labloop.report.data import (
    CampaignData,
    ExperimentData,
    Span,
    Timeline,
    build_timeline,
    counted,
    duration,
    merge_spans,
    opening_shifts,
    read_schedule,
    readable,
    timeline_rows,
)
from labloop.report.drawing import (
    Markup,
    Panel,
    Scale,
    el,
    gantt,
    join,
    legend,
    time_unit,
    tooltip,
)
from labloop.report.sections.section import Section, missing_section
from labloop.report.text import came_true, forecast_words

TITLE = "What the devices did"
ROW = 26
_ORDER = list(ActionState)


def schedule_sections(repositories: Repositories, data: CampaignData) -> list[Section]:
    """Return the section with who had what, beside the forecast; none where nothing is shared."""
    schedule = read_schedule(repositories, data)
    if schedule is None:
        return []
    forecast = schedule.forecast
    if forecast is None:
        title = "Who had what"
        caption = (
            "Stations and devices that experiments had to themselves (light, with the number of "
            "the experiment), and what acted (dark). What is planned stands beside it after: "
            f"labloop forecast {data.record.name}"
        )
    else:
        title = "Planned and happened"
        told = came_true(data, forecast)
        caption = (
            f"Grey is the forecast {forecast_words(forecast)}{f'; {told}' if told else ''}. Blue "
            "is what happened. Light is what an experiment had to itself, dark is what acted; the "
            "band is the forecast's end."
        )
    keys = [("k-held", "held by an experiment"), ("k-a done", "acted")]
    if forecast is not None:
        keys = [("k-plan-held", "planned to be held"), ("k-plan", "planned to act"), *keys]
    return [Section("schedule", title, caption, join(legend(*keys), gantt(schedule)))]


def timeline_section(repositories: Repositories, data: CampaignData) -> Section:
    """Return the section with the actions of every device, from the journal."""
    entries = repositories.journal.entries(data.record.id)
    if not entries:
        return missing_section("timeline", TITLE, "No device was asked to do anything yet.")
    time = build_timeline(entries)
    end = max(1.0, *(s.end for s in time.spans))
    caption = (
        f"{counted(len(entries), 'action')} in {duration(end)} of lab time. Blue ended well; "
        "another colour deserves a look. Actions closer than a pixel are drawn as one."
    )
    if time.openings:
        caption += " A dotted line is where the lab was opened again."
    seen = {span.state for span in time.spans}
    key = legend(
        *((f"k-a {state.value}", _state_words(state)) for state in _ORDER if state in seen)
    )
    parts = [key, _chart(data, time, time.spans, (0.0, end), gap=0.8)]
    close = _close_up(data, time)
    return Section("timeline", TITLE, caption, join(parts, close))


def _state_words(state: ActionState) -> str:
    return "begun, no outcome" if state is ActionState.INTENT else state.value.replace("_", " ")


def _close_up(data: CampaignData, time: Timeline) -> Markup:
    best = data.best
    if best is None or len(data.experiments) < 2:
        return Markup("")
    spans = [s for s in time.spans if s.experiment_id == best.record.id]
    if not spans:
        return Markup("")
    stretch = min(s.start for s in spans), max(s.end for s in spans)
    if stretch[1] <= stretch[0]:
        return Markup("")
    heading = el("h3", f"Close up: experiment {best.record.number}, the best so far")
    return join(heading, _chart(data, time, spans, stretch, gap=0.0))


def _chart(
    data: CampaignData,
    time: Timeline,
    spans: Sequence[Span],
    stretch: tuple[float, float],
    *,
    gap: float,
) -> Markup:
    names = timeline_rows(spans)
    panel = Panel(1080, ROW * (len(names) + 1) + 62, left=130, right=16, top=8)
    seconds, unit = time_unit(stretch[1] - stretch[0])
    zero = stretch[0] if gap == 0.0 else 0.0
    ticking = Scale((stretch[0] - zero) / seconds, (stretch[1] - zero) / seconds, *panel.x_range)
    x = Scale(*stretch, *panel.x_range)
    y = Scale(0, len(names) + 1, panel.y_range[1], panel.y_range[0])
    frame = panel.axes(ticking, y, (f"lab time ({unit})", ""), ticking.ticks(10), [])
    labels = [
        el(
            "text",
            readable(name)[:18],
            x=panel.left - 10,
            y=y(i + 0.5) + 4,
            class_="tick",
            text_anchor="end",
        )
        for i, name in enumerate(["experiments", *names])
    ]
    lines = [
        el("line", x1=x.start, x2=x.stop, y1=y(i), y2=y(i), class_="grid")
        for i in range(len(names) + 1)
    ]
    bars = merge_spans(spans, x, gap) if gap else list(spans)
    bars.sort(key=lambda s: _ORDER.index(s.state) if s.state is not ActionState.INTENT else 9)
    numbers = {t.record.id: t.record.number for t in data.experiments}
    shown = [_bar(s, x, y(names.index(s.row) + 1), numbers, named=not gap) for s in bars]
    openings = [
        el("line", x1=x(at), x2=x(at), y1=y.start, y2=y.stop, class_="opening")
        for at in time.openings
        if stretch[0] < at < stretch[1]
    ]
    shifts = opening_shifts(data.experiments, time)
    top = [_experiment(data, t, shifts, x, stretch) for t in data.experiments]
    label = "actions of each device in lab time"
    return panel.svg(label, frame, join(lines, labels, top, shown, openings))


def _bar(span: Span, x: Scale, top: float, numbers: dict[str, int], *, named: bool) -> Markup:
    least = 1.0 if span.state is ActionState.DONE else 3.0
    start, width = x(span.start), max(least, x(span.end) - x(span.start))
    number = numbers.get(span.experiment_id or "")
    rect = el(
        "rect",
        x=start,
        y=top + 4,
        width=width,
        height=ROW - 8,
        class_=f"act {span.state.value} e",
        data_e=number,
        data_tip=f"{span.words}\n{duration(span.end - span.start)}"
        + (f"\nexperiment {number}" if number else ""),
    )
    name = readable(next(iter(span.names)))
    if not named or width < 7 * len(name) + 6:
        return rect
    return join(rect, el("text", name, x=start + 5, y=top + ROW / 2 + 4, class_="on-bar"))


def _experiment(
    data: CampaignData,
    experiment: ExperimentData,
    shifts: Mapping[str, float],
    x: Scale,
    stretch: tuple[float, float],
) -> Markup:
    record = experiment.record
    if record.lab_started is None or record.lab_finished is None:
        return Markup("")
    shift = shifts[record.id]
    start, end = record.lab_started + shift, record.lab_finished + shift
    if end < stretch[0] or start > stretch[1]:
        return Markup("")
    width = max(1.0, x(end) - x(start) - 1)
    kind = "span-lost" if experiment.lost else f"span-{record.number % 2}"
    rect = el(
        "rect",
        x=x(start),
        y=11,
        width=width,
        height=ROW - 6,
        class_=f"{kind} e",
        data_e=record.number,
        data_tip=tooltip(data, experiment),
    )
    label = str(record.number)
    if width < 8 * len(label) + 2:
        return rect
    middle = x(start) + width / 2
    return join(rect, el("text", label, x=middle, y=25, class_="tick", text_anchor="middle"))
