"""The unit of systemd by which a campaign goes on when its computer starts again."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from labloop.errors import CampaignError

_STOP_SECONDS = 60
"""More than a lab takes to become safe, after which systemd would kill it."""


def unit_name(campaign: str) -> str:
    """Return the name of the unit of a campaign."""
    return f"labloop-{campaign}.service"


def unit_path(campaign: str) -> Path:
    """Return where the unit of a campaign lies for the user who is logged in."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "systemd" / "user" / unit_name(campaign)


def start_command(
    file: Path, database: str, *, engine: str, unattended: str, speed: str, real: bool = False
) -> list[str]:
    """Return the command that begins a campaign, or goes on with it where it was cut off.

    Args:
        file: the campaign file.
        database: path or URL.
        engine: ``plain`` or ``prefect``.
        unattended: what becomes of questions.
        speed: of simulated lab time.
        real: on real instruments, by a person's standing yes.
    """
    path = database if "://" in database else str(Path(database).resolve())
    words = [sys.executable, "-m", "labloop", "run", str(file.resolve()), "--go-on"]
    options = {"--db": path, "--engine": engine, "--unattended": unattended, "--speed": speed}
    yes = ["--real", "--standing-yes"] if real else []
    return words + [word for option in options.items() for word in option] + yes


def unit_text(campaign: str, command: Sequence[str], folder: Path) -> str:
    """Return a user unit that starts ``command`` with the computer, and after a crash.

    Only the campaign's own process is ended by systemd: what watches over its lab makes that safe
    and ends by itself.

    Raises:
        CampaignError: a word of the command cannot stand in a unit.
    """
    return "\n".join(
        [
            "[Unit]",
            f"Description=labloop campaign {campaign}",
            "After=network-online.target",
            "StartLimitIntervalSec=600",
            "StartLimitBurst=5",
            "",
            "[Service]",
            "Type=exec",
            f"WorkingDirectory={_escaped(str(folder.resolve()))}",
            "Environment=PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1",
            f"ExecStart={' '.join(_quoted(word) for word in command)}",
            "Restart=on-failure",
            "RestartSec=10",
            "SuccessExitStatus=130",
            "KillMode=process",
            f"TimeoutStopSec={_STOP_SECONDS}",
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )


def _escaped(word: str) -> str:
    if any(ord(sign) < 32 for sign in word):
        raise CampaignError(f"{word!r} has a line break in it, which no unit of systemd can have")
    return word.replace("%", "%%")


def _quoted(word: str) -> str:
    """Return a word of a command line as systemd reads it."""
    word = _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{word}"'
