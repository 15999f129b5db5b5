"""What a report reads, once: the campaign's rows, its actions, its aims and the fit."""

from labloop.report.data.actions import LabTime, Span, lab_time, merged, rows
from labloop.report.data.aims import Aim, Aims, Scores
from labloop.report.data.campaign import LOST, Axis, CampaignData, Trial, load
from labloop.report.data.fit import (
    Learned,
    Parts,
    Slice,
    Term,
    learned,
    slices,
    terms,
    uncertainty,
    weights,
)
from labloop.report.data.numbers import (
    column,
    count,
    duration,
    interval,
    number,
    titled,
    unit_text,
    with_unit,
    words,
)

__all__ = [
    "LOST",
    "Aim",
    "Aims",
    "Axis",
    "CampaignData",
    "LabTime",
    "Learned",
    "Parts",
    "Scores",
    "Slice",
    "Span",
    "Term",
    "Trial",
    "column",
    "count",
    "duration",
    "interval",
    "lab_time",
    "learned",
    "load",
    "merged",
    "number",
    "rows",
    "slices",
    "terms",
    "titled",
    "uncertainty",
    "unit_text",
    "weights",
    "with_unit",
    "words",
]
