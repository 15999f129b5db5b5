"""What verbs share: options, the open database, the live view, streams that may be gone."""

from labloop.cli.terminal.common import (
    NOT_SAFE_EXIT,
    acknowledge_words,
    aligned,
    console,
    find_campaign,
    mode_of,
    open_store,
    pairs,
    point_words,
    say_not_safe,
    whole_file,
    writable_folder,
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
    "acknowledge_words",
    "aligned",
    "console",
    "find_campaign",
    "mode_of",
    "open_store",
    "pairs",
    "point_words",
    "say_not_safe",
    "waiting",
    "whole_file",
    "writable_folder",
]
