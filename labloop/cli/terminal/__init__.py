"""What verbs share at a terminal: options, the open database, the live view, files.

Nothing here runs a campaign: that belongs into ``running``. Read ``options.py`` and
``database.py`` first; ``live.py`` and ``streams.py`` are imported only when a campaign runs.
"""

from labloop.cli.terminal.arguments import format_point, mode_of, parse_pairs, read_day
from labloop.cli.terminal.console import console, table_lines
from labloop.cli.terminal.database import find_campaign, open_repositories, repositories_if_any
from labloop.cli.terminal.files import atomic_write, ensure_writable_folder
from labloop.cli.terminal.options import (
    AnyMode,
    AsJson,
    CampaignFile,
    Database,
    Device,
    Engine,
    Experiments,
    Name,
    New,
    Out,
    Real,
    Seed,
    SpeedText,
    Truth,
)
from labloop.cli.terminal.progress import waiting
from labloop.cli.terminal.python_files import load_python_file
from labloop.cli.terminal.safety import NOT_SAFE_EXIT, acknowledge_command, print_not_safe

__all__ = [
    "NOT_SAFE_EXIT",
    "AnyMode",
    "AsJson",
    "CampaignFile",
    "Database",
    "Device",
    "Engine",
    "Experiments",
    "Name",
    "New",
    "Out",
    "Real",
    "Seed",
    "SpeedText",
    "Truth",
    "acknowledge_command",
    "atomic_write",
    "console",
    "ensure_writable_folder",
    "find_campaign",
    "format_point",
    "load_python_file",
    "mode_of",
    "open_repositories",
    "parse_pairs",
    "print_not_safe",
    "read_day",
    "repositories_if_any",
    "table_lines",
    "waiting",
]
