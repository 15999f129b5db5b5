"""What a report reads, once: the campaign's rows, its actions, its aims and the fit.

Here belong values and their formatting as numbers and units. Sentences belong into ``text``,
drawings into ``drawing``. Read ``campaign.py`` first; ``reading.py`` fills it.
"""

from labloop.report.data.actions import Span, Timeline, build_timeline, merge_spans, timeline_rows
from labloop.report.data.aims import Aim, Aims, Scores
from labloop.report.data.campaign import WITHOUT_RESULT, Axis, CampaignData, ExperimentData
from labloop.report.data.fit import (
    LearnedConstant,
    MissingTerm,
    Slice,
    UncertaintyParts,
    learned_constants,
    missing_terms,
    model_slices,
    model_weights,
    uncertainty_parts,
)
from labloop.report.data.numbers import (
    aligned_numbers,
    axis_title,
    counted,
    duration,
    interval,
    number,
    readable,
    unit_text,
    with_unit,
)
from labloop.report.data.reading import read_campaign
from labloop.report.data.schedule import (
    Schedule,
    StationUse,
    opening_shifts,
    read_schedule,
)
from labloop.report.data.work import Attempt, read_attempts

__all__ = [
    "WITHOUT_RESULT",
    "Aim",
    "Aims",
    "Attempt",
    "Axis",
    "CampaignData",
    "ExperimentData",
    "LearnedConstant",
    "MissingTerm",
    "Schedule",
    "Scores",
    "Slice",
    "Span",
    "StationUse",
    "Timeline",
    "UncertaintyParts",
    "aligned_numbers",
    "axis_title",
    "build_timeline",
    "counted",
    "duration",
    "interval",
    "learned_constants",
    "merge_spans",
    "missing_terms",
    "model_slices",
    "model_weights",
    "number",
    "opening_shifts",
    "read_attempts",
    "read_campaign",
    "read_schedule",
    "readable",
    "timeline_rows",
    "uncertainty_parts",
    "unit_text",
    "with_unit",
]
