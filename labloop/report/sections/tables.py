"""Tables and lists: experiments, logs, alarms, who answered, what the campaign was made of."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from labloop.records import (
    MILLION,
    Bundle,
    Repositories,
    ScalarValue,
    Severity,
    newest_calibrations,
    stock_words,
)
from labloop.report.data import (
    Attempt,
    Axis,
    CampaignData,
    ExperimentData,
    aligned_numbers,
    axis_title,
    counted,
    duration,
    number,
    read_attempts,
)
from labloop.report.drawing import Child, Markup, el, join
from labloop.report.sections.section import Section, missing_section, note
from labloop.report.text import AlarmGroup, campaign_alarms

LONGEST_FILE = 40_000
_LONGEST_LOG = 4_000
"""Characters of a log on the page; all of it stands in the export's journal."""
_MOST_ATTEMPTS = 200
"""Attempts on the page, the newest."""
_ORIGINS = {"proposed": "", "edited": "edited by a person", "manual": "a person"}
_SIGNS = {
    Severity.INFO: "i",
    Severity.WARNING: "!",
    Severity.ERROR: "\N{MULTIPLICATION SIGN}",
    Severity.CRITICAL: "!!",
}


def table(head: Iterable[str], rows: Iterable[Child], kind: str = "") -> Markup:
    """Return a table in a box of its own that scrolls sideways where it is too wide."""
    top = el("thead", el("tr", [el("th", title, scope="col") for title in head]))
    return el("div", el("table", top, el("tbody", rows), class_=kind), class_="scroll")


def experiments_section(data: CampaignData) -> Section:
    """Return the sortable table of every experiment."""
    if not data.experiments:
        return missing_section("experiments", "Experiments", "No experiment was planned yet.")
    caption = "Click a column's head to sort; point at a row to find the experiment in the charts."
    columns = [_conditions(data, axis) for axis in data.axes]
    columns += [_results(data, name) for name in data.units]
    titles = [axis_title(a.name, a.unit) for a in data.axes]
    titles += [axis_title(name, unit) for name, unit in data.units.items()]
    if data.aims.demands:
        titles.append("feasible")
        columns.append([_feasible(experiment) for experiment in data.experiments])
    if any(e.proposal is not None and e.proposal.well for e in data.experiments):
        titles.insert(0, "well")
        wells = [e.proposal.well if e.proposal else "" for e in data.experiments]
        columns.insert(0, [el("td", well) for well in wells])
    head = ["#", "state", *titles, "asked for by", "lab time", "remark"]
    rows = [
        _row(data, experiment, cells)
        for experiment, *cells in zip(data.experiments, *columns, strict=True)
    ]
    return Section("experiments", "Experiments", caption, table(head, rows, "sortable"))


def _row(data: CampaignData, experiment: ExperimentData, cells: Sequence[Markup]) -> Markup:
    record = experiment.record
    top = " top" if experiment is data.best else ""
    return el(
        "tr",
        el("td", str(record.number), class_="num", data_v=record.number),
        el("td", el("span", record.state.value, class_=f"state {record.state.value}")),
        cells,
        _asked_by(experiment),
        _took(experiment),
        el("td", experiment.remark, class_="remark"),
        data_e=record.number,
        class_=f"e{top}",
    )


def _conditions(data: CampaignData, axis: Axis) -> list[Markup]:
    """Return the cells of one parameter, one a experiment."""
    values = [t.point.get(axis.name, "") for t in data.experiments]
    texts = iter(aligned_numbers([float(v) for v in values if not isinstance(v, str)]))
    return [
        el("td", v) if isinstance(v, str) else el("td", next(texts), class_="num", data_v=repr(v))
        for v in values
    ]


def _results(data: CampaignData, name: str) -> list[Markup]:
    """Return the cells of one output, one a experiment; empty where there is none."""
    values = [t.scalars.get(name) for t in data.experiments]
    texts = iter(aligned_numbers([v.value for v in values if v is not None]))
    return [el("td", "") if v is None else _result(next(texts), v) for v in values]


def _result(text: str, value: ScalarValue) -> Markup:
    shown = text if value.sd is None else f"{text} ± {number(value.sd, 2)}"
    return el("td", shown, class_="num", data_v=repr(value.value))


def _feasible(experiment: ExperimentData) -> Markup:
    if experiment.scores is None:
        return el("td", "")
    return el("td", "yes" if experiment.feasible else "no", title=", ".join(experiment.breaks))


def _asked_by(experiment: ExperimentData) -> Markup:
    proposal = experiment.proposal
    person = _ORIGINS.get(experiment.record.origin.value, experiment.record.origin.value)
    if proposal is None:
        return el("td", person or "—")
    parts = [proposal.strategy, person] if person else [proposal.strategy]
    return el("td", ", ".join(parts), title=proposal.reason)


def _took(experiment: ExperimentData) -> Markup:
    start, end = experiment.record.lab_started, experiment.record.lab_finished
    if start is None or end is None:
        return el("td", "")
    return el("td", duration(end - start), class_="num", data_v=repr(end - start))


def alarms_section(data: CampaignData) -> Section:
    """Return the alarms in words, repeated ones once; what waits for a person comes first."""
    found = sorted(campaign_alarms(data), key=lambda group: not group.is_open)
    if not found:
        return missing_section("alarms", "Alarms", "None was raised.")
    caption = (
        f"{counted(len(found), 'alarm')} that the campaign raised by itself: those in force "
        "first, by what they would change, then the newest."
    )
    return Section("alarms", "Alarms", caption, el("ul", map(_alarm, found), class_="alarms"))


def _alarm(group: AlarmGroup) -> Markup:
    raised = f", raised {group.times} times" if group.times > 1 and group.in_force else ""
    waits = ", waits for a person to acknowledge it" if group.is_open else ""
    return el(
        "li",
        el("i", _SIGNS[group.severity], class_=f"sign {group.severity.value}"),
        el("div", el("b", group.kind), " ", el("small", f"{group.when}{raised}{waits}")),
        el("p", group.message),
    )


def provenance_section(repositories: Repositories, data: CampaignData) -> Section:
    """Return who answered at the connects, the versions and the hash of the bundle."""
    record = data.record
    bundle = repositories.campaigns.bundle(record.id)
    caption = "Enough to know which instruments and which code every number above came from."
    facts = [
        ("campaign id", record.id),
        ("seed", str(record.seed)),
        ("bundle sha256", bundle.sha256 or record.bundle_sha256 or "—"),
        ("campaign file", bundle.entry or "none, defined in Python"),
        ("git commit", _commit(bundle)),
        ("database", repositories.url),
    ]
    parts = [_facts(facts), el("h3", "Devices"), _devices(repositories, record.id)]
    made = newest_calibrations(repositories, record)
    if made:
        told = [(each.name, each.sentence(each.performed)) for each in made]
        parts += [el("h3", "Calibrations"), _facts(told)]
    used = _used(repositories, record.id)
    if used:
        parts += [el("h3", "What was used"), _facts(used)]
    versions = sorted(bundle.versions.items())
    if versions:
        parts += [el("h3", "Versions"), _facts(versions)]
    if bundle.files:
        parts += [el("h3", "Files"), *_files(bundle)]
    return Section("provenance", "Provenance", caption, join(parts))


def _used(repositories: Repositories, campaign_id: str) -> list[tuple[str, str]]:
    """Return consumable -> how much of which lots all experiments used."""
    amounts: dict[str, int] = {}
    lots: dict[str, dict[str, None]] = {}
    units: dict[str, str] = {}
    for part in repositories.stock.used(campaign_id):
        amounts[part.name] = amounts.get(part.name, 0) + round(part.amount * MILLION)
        lots.setdefault(part.name, {})[part.lot or "without a name"] = None
        units[part.name] = part.unit
    return [
        (name, f"{stock_words(amount, units[name])}, lots {', '.join(lots[name])}")
        for name, amount in amounts.items()
    ]


def _commit(bundle: Bundle) -> str:
    if not bundle.git_commit:
        return "—"
    return bundle.git_commit + (" with changes that were not committed" if bundle.git_dirty else "")


def _facts(facts: Iterable[tuple[str, str]]) -> Markup:
    return el("dl", [el("div", el("dt", name), el("dd", text)) for name, text in facts])


def _devices(repositories: Repositories, campaign_id: str) -> Markup:
    found = list(dict.fromkeys(repositories.journal.identities(campaign_id)))
    if not found:
        return note("No device has answered yet.")
    head = ["device", "model", "serial number", "firmware", "driver", "url"]
    rows = []
    for device in found:
        driver = f"{device.driver} {device.driver_version}".strip()
        texts = [device.device, device.model, device.serial_number, device.firmware, driver]
        rows.append(el("tr", [el("td", text) for text in [*texts, device.url]]))
    return table(head, rows)


def _files(bundle: Bundle) -> list[Markup]:
    """Return the text of every file of code in the bundle, folded up; data are named only."""
    code = [name for name in sorted(bundle.files) if name.endswith((".py", ".toml"))]
    data = [
        (name, f"{len(content)} bytes, sha256 {sha256(content).hexdigest()}")
        for name, content in sorted(bundle.files.items())
        if name not in code
    ]
    return [
        *(el("details", el("summary", n), el("pre", _file_text(bundle.files[n]))) for n in code),
        *([_facts(data)] if data else []),
    ]


def _file_text(content: bytes) -> str:
    text = content.decode("utf-8", errors="replace")
    if len(text) <= LONGEST_FILE:
        return text
    left = counted(len(text) - LONGEST_FILE, "character")
    return f"{text[:LONGEST_FILE]}\n... {left} more are stored"


def work_sections(repositories: Repositories, data: CampaignData) -> list[Section]:
    """Return the section with every attempt and its log; none where there was no such work."""
    attempts = read_attempts(repositories.journal.entries(data.record.id))
    if not attempts:
        return []
    numbers = {t.record.id: t.record.number for t in data.experiments}
    caption = f"{counted(len(attempts), 'attempt')} with what each printed and logged."
    if len(attempts) > _MOST_ATTEMPTS:
        caption += f" The newest {_MOST_ATTEMPTS} are shown."
    newest = attempts[-_MOST_ATTEMPTS:]
    shown = [_attempt(each, numbers.get(each.experiment_id or "")) for each in newest]
    return [Section("logs", "Logs", caption, join(shown))]


def _attempt(attempt: Attempt, number: int | None) -> Markup:
    whose = "by hand" if number is None else f"experiment {number}"
    notes = [
        f"{seconds:.1f} s: {100 * fraction:.0f} % {text}".rstrip()
        for seconds, fraction, text in attempt.progress
    ]
    log = attempt.log
    if len(log) > _LONGEST_LOG:
        log = f"... {len(log) - _LONGEST_LOG} characters are left out ...\n{log[-_LONGEST_LOG:]}"
    parts = [text for text in ("\n".join(notes), log) if text] or ["It printed nothing."]
    title = el("summary", f"{whose}, {attempt.words}")
    return el("details", title, [el("pre", part) for part in parts])
