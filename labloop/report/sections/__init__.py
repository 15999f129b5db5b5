"""Sections of the page, one a file.

A section draws: what it reads belongs into ``data``, what it says in words into ``text``. Read
``section.py`` first, then any one of them.
"""

from labloop.report.sections.calibration import calibration_section
from labloop.report.sections.convergence import convergence_section
from labloop.report.sections.curves import curve_sections
from labloop.report.sections.overview import header
from labloop.report.sections.parallel import parallel_section
from labloop.report.sections.physics import physics_section
from labloop.report.sections.plates import plate_sections
from labloop.report.sections.section import Section, with_missing_last
from labloop.report.sections.slices import slices_section
from labloop.report.sections.tables import (
    alarms_section,
    experiments_section,
    provenance_section,
    table,
    work_sections,
)
from labloop.report.sections.timeline import schedule_sections, timeline_section
from labloop.report.sections.uncertainty import uncertainty_section

__all__ = [
    "Section",
    "alarms_section",
    "calibration_section",
    "convergence_section",
    "curve_sections",
    "experiments_section",
    "header",
    "parallel_section",
    "physics_section",
    "plate_sections",
    "provenance_section",
    "schedule_sections",
    "slices_section",
    "table",
    "timeline_section",
    "uncertainty_section",
    "with_missing_last",
    "work_sections",
]
