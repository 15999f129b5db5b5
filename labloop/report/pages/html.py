"""The page: one HTML file that needs nothing beside itself, and the order of its sections."""

from importlib import resources
from pathlib import Path

from labloop.records import Repositories
from labloop.report.data import read_campaign
from labloop.report.drawing import Markup, el, join
from labloop.report.sections import (
    Section,
    alarms_section,
    calibration_section,
    convergence_section,
    curve_sections,
    experiments_section,
    header,
    parallel_section,
    physics_section,
    plate_sections,
    provenance_section,
    schedule_sections,
    slices_section,
    timeline_section,
    uncertainty_section,
    with_missing_last,
    work_sections,
)
from labloop.report.text import summarise

CROWD = 200
"""From this many experiments on marks are drawn thinner, or they would hide each other."""


def write_report(repositories: Repositories, campaign_id: str, path: Path) -> Path:
    """Write one campaign as one HTML file and return where it lies.

    The file holds its drawings, style and script; it opens without network and prints. The
    same records give the same bytes.

    Raises:
        NotFoundError: no campaign has this id.
        OSError: ``path`` cannot be written.
    """
    page = render(repositories, campaign_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def render(repositories: Repositories, campaign_id: str) -> str:
    """Return the page as text; raises NotFoundError."""
    data = read_campaign(repositories, campaign_id)
    summary = summarise(data)
    sections = with_missing_last(
        [
            alarms_section(data),
            convergence_section(data),
            *plate_sections(data),
            parallel_section(data),
            slices_section(data),
            calibration_section(data),
            physics_section(data),
            uncertainty_section(data),
            *curve_sections(data),
            *schedule_sections(repositories, data),
            timeline_section(repositories, data),
            experiments_section(data),
            *work_sections(repositories, data),
        ]
    )
    sections.append(provenance_section(repositories, data))
    body = el(
        "main",
        header(data, summary),
        contents(sections),
        [s.html() for s in sections],
        class_="many" if len(data.experiments) > CROWD else None,
    )
    return whole_page(f"{summary.name} ({summary.mode})", body)


def whole_page(title: str, main: Markup) -> str:
    """Return a page that needs nothing beside itself, with style and script."""
    head = el(
        "head",
        Markup('<meta charset="utf-8"/>'),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        el("style", _asset("report.css")),
    )
    body = el("body", main, el("div", id="tip", hidden="hidden"), el("script", _asset("report.js")))
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def contents(sections: list[Section]) -> Markup:
    """Return the links to the sections of a page."""
    links = [el("a", section.title, href=f"#{section.id}") for section in sections]
    return el("nav", join(links), aria_label="contents")


def _asset(name: str) -> Markup:
    return Markup(resources.files("labloop.report").joinpath(name).read_text(encoding="utf-8"))
