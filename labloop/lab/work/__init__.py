"""Work beside the lab's loop: functions, commands, notebooks and jobs of a cluster.

Here belongs how one piece of work is started, followed, bounded in time and ended, and what is
stored of it. Which experiment it is, and what follows from its end, belongs to the campaign. Read
``work.py`` first, then ``attempts.py``; each kind has a file of its own.
"""

from labloop.lab.work.attempts import (
    Attempts,
    WorkJournal,
    close_attempt,
    is_attempt,
    log_of,
    place_of,
)
from labloop.lab.work.cluster import ClusterJob
from labloop.lab.work.command import Command
from labloop.lab.work.exchange import LOADING_SCRIPT
from labloop.lab.work.function import Function, as_work
from labloop.lab.work.notebook import Notebook
from labloop.lab.work.progress import (
    CURRENT,
    WorkRecord,
    progress,
)
from labloop.lab.work.work import Retry, StopFlag, Work, WorkCall, class_path

__all__ = [
    "CURRENT",
    "LOADING_SCRIPT",
    "Attempts",
    "ClusterJob",
    "Command",
    "Function",
    "Notebook",
    "Retry",
    "StopFlag",
    "Work",
    "WorkCall",
    "WorkJournal",
    "WorkRecord",
    "as_work",
    "class_path",
    "close_attempt",
    "is_attempt",
    "log_of",
    "place_of",
    "progress",
]
