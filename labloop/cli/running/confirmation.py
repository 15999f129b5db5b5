"""What must be right before anything moves: the yes for real instruments, speed, truth log."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labloop.cli.terminal import (
    ensure_writable_folder,
)
from labloop.errors import CampaignError
from labloop.records import Mode

if TYPE_CHECKING:
    from labloop.campaign import Definition, Speed


def check_truth(file: Path, mode: Mode) -> None:
    """Raise CampaignError where a world's own log cannot be kept in ``file``."""
    if mode is Mode.REAL:
        raise CampaignError(
            "--truth is for simulated labs: a real one keeps no log of the world; leave it out"
        )
    ensure_writable_folder(file)


def read_speed(text: str, mode: Mode) -> "Speed":
    """Return a speed; raises where it is none, or where a real lab is asked to hurry."""
    if mode is Mode.REAL:
        return "real"
    if text == "max":
        return "max"
    if text == "real":
        return "real"
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 1e6:
        raise CampaignError(f"--speed is 'max', 'real' or a factor up to 1e6, got {text!r}")
    return factor


def confirm_real(definition: "Definition") -> None:
    """Ask for an explicit yes to a campaign on real instruments.

    A plain function commands no instrument of a lab, so there is nothing to say yes to.
    """
    if definition.lab_file is not None or definition.host is not None:
        confirm_instruments(definition.spec.name, "campaign")


def confirm_standing_yes(definition: "Definition") -> str:
    """Return by whose standing yes a campaign moves real instruments, and when it was said.

    Raises:
        CampaignError: nobody said so, or not of these files.
    """
    from labloop.campaign import check_standing_yes  # noqa: PLC0415 - keeps labloop --help quick

    return check_standing_yes(definition.bundle)


def confirm_instruments(name: str, what: str) -> None:
    """Ask a person at this terminal for an explicit yes; nothing else counts.

    Args:
        name: of what will move real instruments; it is what must be typed.
        what: whose name it is, a campaign's or a lab's.

    Raises:
        CampaignError: this is no terminal, or another word was typed.
    """
    if not sys.stdin.isatty():
        raise CampaignError(
            "real instruments need a person's yes typed at the lab's terminal, "
            "and this is no terminal; run without --real to simulate"
        )
    typed = input(f"{name} will move REAL instruments. Type the {what}'s name to go on: ")
    if typed.strip() != name:
        raise CampaignError("not confirmed; nothing was sent to any instrument")
