"""Which stored code may run: that of campaigns this user began here, or that a person trusts."""

import os
import sys
from hashlib import sha256
from pathlib import Path, PurePosixPath, PureWindowsPath

from labloop.errors import CampaignFileError, UntrustedCodeError
from labloop.records import Bundle, content_hash

STATE_VARIABLE = "LABLOOP_STATE"
"""Names the folder of what a user's labloop remembers."""


def trust_bundle(bundle: Bundle) -> None:
    """Note that a bundle was begun by this user on this machine, or that a person trusts it.

    Where nothing can be written nothing is noted: a person is asked at the next resume.
    """
    key = files_hash(bundle)
    register = _register()
    if key in _known(register):
        return
    try:
        register.parent.mkdir(parents=True, exist_ok=True)
        with register.open("a", encoding="ascii") as file:
            file.write(f"{key}\n")
    except OSError:
        return


def check_origin(bundle: Bundle) -> None:
    """Raise UntrustedCodeError where the code of a bundle came with a database from elsewhere."""
    if files_hash(bundle) in _known(_register()):
        return
    name = bundle.spec.get("name")
    raise UntrustedCodeError(
        f"the campaign {name!r} was not begun by you on this machine, and this runs the code that "
        f"its database holds ({', '.join(sorted(bundle.files))}); read it (labloop report {name} "
        f"shows it), then say that you trust it: labloop trust {name}, with the same --db"
    )


def check_paths(bundle: Bundle) -> None:
    """Raise CampaignFileError where a file of a bundle would be written out of its folder."""
    for name in bundle.files:
        posix, windows = PurePosixPath(name), PureWindowsPath(name)
        leaves = ".." in windows.parts or posix.is_absolute() or windows.anchor
        if leaves or "\0" in name or not windows.parts:
            raise CampaignFileError(
                f"the database holds a campaign with the file {name!r}, which lies out of the "
                "campaign's folder; nothing of it was written, do not trust this database"
            )


def files_hash(bundle: Bundle) -> str:
    """Return the hash of what would run, taken anew: what a database says of itself is no proof."""
    files = [[name, sha256(content).hexdigest()] for name, content in sorted(bundle.files.items())]
    return content_hash([bundle.entry, files])


def _register() -> Path:
    return state_folder() / "begun-here.txt"


def state_folder() -> Path:
    """Return the folder in which a user's programs keep what they remember."""
    given = os.environ.get(STATE_VARIABLE)
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "labloop"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "labloop"


def _known(register: Path) -> set[str]:
    try:
        return set(register.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return set()
