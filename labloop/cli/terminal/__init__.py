"""What verbs share: options, the open database, the live view, streams that may be gone."""

from labloop.cli.terminal.common import (
    NOT_SAFE_EXIT,
    acknowledge_command,
    atomic_write,
    console,
    ensure_writable_folder,
    find_campaign,
    format_point,
    mode_of,
    open_repositories,
    parse_pairs,
    print_not_safe,
    table_lines,
)
from labloop.cli.terminal.options import AsJson, CampaignFile, Database, Device, Name, Out, Real
from labloop.cli.terminal.progress import waiting

__all__ = [
    "NOT_SAFE_EXIT",
    "AsJson",
    "CampaignFile",
    "Database",
    "Device",
    "Name",
    "Out",
    "Real",
    "acknowledge_command",
    "atomic_write",
    "console",
    "ensure_writable_folder",
    "find_campaign",
    "format_point",
    "mode_of",
    "open_repositories",
    "parse_pairs",
    "print_not_safe",
    "table_lines",
    "waiting",
]
