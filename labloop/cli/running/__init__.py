"""What verbs share that run a campaign: engine, confirmation, the run under the live view.

A verb itself belongs into ``verbs``; what only prints belongs into ``terminal``. Read
``conduct.py`` first.
"""

from labloop.cli.running.changes import print_changes, print_file_changes
from labloop.cli.running.conduct import conduct
from labloop.cli.running.confirmation import (
    check_truth,
    confirm_instruments,
    confirm_real,
    confirm_standing_yes,
    read_speed,
)
from labloop.cli.running.engines import find_engine
from labloop.cli.running.service import start_command, unit_name, unit_path, unit_text

__all__ = [
    "check_truth",
    "conduct",
    "confirm_instruments",
    "confirm_real",
    "confirm_standing_yes",
    "find_engine",
    "print_changes",
    "print_file_changes",
    "read_speed",
    "start_command",
    "unit_name",
    "unit_path",
    "unit_text",
]
