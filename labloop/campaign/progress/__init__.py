"""Where a campaign stands: dataset, lab time, pace, snapshot, and the words for them.

Here belongs what is computed from rows or from the machine's state and changes neither. Pages
and figures belong into ``labloop.report``. Read ``dataset.py`` and ``snapshot.py`` first.
"""

from labloop.campaign.progress.dataset import (
    LiveDataset,
    actual_point,
    build_dataset,
    is_informative,
    observation,
    seconds_between,
)
from labloop.campaign.progress.descriptions import describe_ending, describe_executor, open_question
from labloop.campaign.progress.lab_time import LabTime, in_order, incurs_cost, lab_end, lab_seconds
from labloop.campaign.progress.pace import Pace
from labloop.campaign.progress.result_history import (
    CORRECTED,
    TOLD,
    ResultHistory,
    correction_history,
    format_value,
    is_from_person,
    same_value,
)
from labloop.campaign.progress.snapshot import Snapshot, updated_snapshot
from labloop.campaign.progress.stored_campaign import (
    BY_HAND,
    database_option,
    is_function_campaign,
    mode_label,
    resume_command,
)
from labloop.campaign.progress.wishes import (
    WISHES,
    Wishes,
    condition_json,
    condition_of,
    lifted,
    standing_wishes,
)

__all__ = [
    "BY_HAND",
    "CORRECTED",
    "TOLD",
    "WISHES",
    "LabTime",
    "LiveDataset",
    "Pace",
    "ResultHistory",
    "Snapshot",
    "Wishes",
    "actual_point",
    "build_dataset",
    "condition_json",
    "condition_of",
    "correction_history",
    "database_option",
    "describe_ending",
    "describe_executor",
    "format_value",
    "in_order",
    "incurs_cost",
    "is_from_person",
    "is_function_campaign",
    "is_informative",
    "lab_end",
    "lab_seconds",
    "lifted",
    "mode_label",
    "observation",
    "open_question",
    "resume_command",
    "same_value",
    "seconds_between",
    "standing_wishes",
    "updated_snapshot",
]
