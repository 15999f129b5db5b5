"""A person's standing yes: real instruments may move at each start of a service, unattended.

It is said once at a terminal, of files as they are then: code, lab file, limits. It is kept beside
what else this user's labloop remembers, and holds for nobody else and for no other files.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from labloop.campaign.definition.provenance import files_hash, state_folder
from labloop.errors import CampaignError
from labloop.records import Bundle

_FOLDER = "standing-yes"


def keep_standing_yes(bundle: Bundle, actor: str) -> Path:
    """Write down that a person lets a campaign move real instruments unattended.

    Args:
        bundle: of the campaign, as it is now.
        actor: who said so.

    Returns:
        Where it stands; who removes that file takes it back.

    Raises:
        CampaignError: it cannot be written.
    """
    path = _path(bundle)
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"user": actor, "said": moment, "files": files_hash(bundle), "names": [*bundle.files]}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(told, file)
    except OSError as error:
        raise CampaignError(
            f"the yes cannot be kept in {path} ({error.strerror}); make that folder writable"
        ) from error
    return path


def check_standing_yes(bundle: Bundle) -> str:
    """Return who let a campaign move real instruments unattended, and when.

    Raises:
        CampaignError: nobody did, or not of these files; nothing was sent.
    """
    path = _path(bundle)
    told: object = None
    with suppress(OSError, ValueError):
        told = json.loads(path.read_text(encoding="utf-8"))
    again = "say it at this machine's terminal: labloop service FILE --real --write"
    if not isinstance(told, Mapping) or not {"user", "said", "files"} <= set(told):
        raise CampaignError(
            f"nobody has said that {bundle.spec.get('name')!r} may move real instruments "
            f"unattended; nothing was sent. To allow it, {again}"
        )
    if told["files"] != files_hash(bundle):
        raise CampaignError(
            f"{told['user']} said on {told['said']} that {bundle.spec.get('name')!r} may move real "
            f"instruments unattended, but {', '.join(sorted(bundle.files))} are not what they were "
            f"then; nothing was sent. Look at them, and {again}"
        )
    return f"{told['user']}, {told['said']}"


def _path(bundle: Bundle) -> Path:
    name = str(bundle.spec.get("name"))
    # As a file may be called.
    plain = "".join(s if s.isalnum() or s in "-_" else f"%{ord(s):x}" for s in name)
    return state_folder() / _FOLDER / f"{plain}.json"
