"""Carries one experiment out: by a procedure in a lab or by a plain function."""

from labloop.campaign.execution.analysis import Analysis
from labloop.campaign.execution.conditions import (
    Conditions,
    names_of,
    point_from_text,
    to_measurement,
)
from labloop.campaign.execution.direct import DirectExecutor, leaves_of
from labloop.campaign.execution.function import FunctionExecutor
from labloop.campaign.execution.jobs import job_of, planned

__all__ = [
    "Analysis",
    "Conditions",
    "DirectExecutor",
    "FunctionExecutor",
    "job_of",
    "leaves_of",
    "names_of",
    "planned",
    "point_from_text",
    "to_measurement",
]
