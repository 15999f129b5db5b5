"""What is not known to be safe, printed before everything else."""

from labloop.cli.terminal.console import console
from labloop.records import CampaignRecord, Mode, Repositories

NOT_SAFE_EXIT = 4
"""Exit code of a verb after which something is not known to be in its safe state."""


def print_not_safe(repositories: Repositories, record: CampaignRecord) -> None:
    """Print what of a campaign is not known to be safe, before everything else."""
    out = console()
    headlines = [a.headline for a in repositories.alarms.all(record.id) if a.is_open]
    for headline in dict.fromkeys(headlines):
        out.print(f"!! {headline}")
    if headlines:
        out.print(f"!! when you have looked: {acknowledge_command(repositories, record)}")


def acknowledge_command(repositories: Repositories, record: CampaignRecord) -> str:
    """Return what a person types who has looked at what was not known to be safe."""
    from labloop.campaign import database_option  # noqa: PLC0415 - keeps labloop --help quick

    mode = "--real" if record.mode is Mode.REAL else "--sim"
    return f"labloop acknowledge {record.name} {mode}{database_option(repositories)}"
