"""What has come of a campaign so far, read from its rows: dataset, lab time, snapshot."""

from labloop.campaign.progress.dataset import (
    Measured,
    build_dataset,
    carried_out,
    observation,
    tells_something,
)
from labloop.campaign.progress.lab_time import LabTime, lab_end, lab_seconds, was_begun
from labloop.campaign.progress.pace import Pace
from labloop.campaign.progress.phrases import (
    db_words,
    ending_of,
    kind_of,
    question_of,
    resume_words,
    where_of,
    without_lab,
)
from labloop.campaign.progress.snapshot import Snapshot, refreshed

__all__ = [
    "LabTime",
    "Measured",
    "Pace",
    "Snapshot",
    "build_dataset",
    "carried_out",
    "db_words",
    "ending_of",
    "kind_of",
    "lab_end",
    "lab_seconds",
    "observation",
    "question_of",
    "refreshed",
    "resume_words",
    "tells_something",
    "was_begun",
    "where_of",
    "without_lab",
]
