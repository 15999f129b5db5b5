"""Carries one experiment out: by a procedure in a lab, or by a function or program without one.

Here belongs the border to a user's code: conditions in, raw data and outputs out. When and in
which order experiments run is decided in ``decisions``. Read ``direct.py`` first.
"""

from labloop.campaign.execution.analysis import Analysis
from labloop.campaign.execution.conditions import (
    Conditions,
    categorical_names,
    condition_from_text,
    point_from_text,
)
from labloop.campaign.execution.direct import DirectExecutor
from labloop.campaign.execution.failing import failure_of, leaf_errors
from labloop.campaign.execution.function import FunctionExecutor, FunctionSetup
from labloop.campaign.execution.host_answers import TOLD_BY, settle_by_host
from labloop.campaign.execution.jobs import job_of, planned_record, wells_of
from labloop.campaign.execution.measurement import to_measurement
from labloop.campaign.execution.said_of_steps import settled, step_said, why_not_entered_again
from labloop.campaign.execution.supply import Supplier, supplies, used_each

__all__ = [
    "TOLD_BY",
    "Analysis",
    "Conditions",
    "DirectExecutor",
    "FunctionExecutor",
    "FunctionSetup",
    "Supplier",
    "categorical_names",
    "condition_from_text",
    "failure_of",
    "job_of",
    "leaf_errors",
    "planned_record",
    "point_from_text",
    "settle_by_host",
    "settled",
    "step_said",
    "supplies",
    "to_measurement",
    "used_each",
    "wells_of",
    "why_not_entered_again",
]
