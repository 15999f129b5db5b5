"""One campaign in one file: tables, source, transcripts and a history that can be checked."""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import datetime
from enum import Enum
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy.exc import DBAPIError

from labloop.errors import StoreError
from labloop.records import Bundle, CampaignRecord, Json, Repositories
from labloop.records import canonical_json as text_of
from labloop.store._database import Database
from labloop.store.engine import chain_lines, translate_error
from labloop.store.export.backup import ours
from labloop.store.export.writers import export_campaign
from labloop.store.schema import BEGINNING

FORMAT = "labloop-archive/2"
HISTORY = "history.txt"
_SCRIPT = Path(__file__).with_name("verify_archive.py")


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that was written.

    Attributes:
        path: where it lies.
        files: how many files are in it, the manifest not counted.
        history_sha256: the end of its history, which is the chain of the campaign in the
            database. Whoever keeps this line elsewhere (a notebook, a mail) can prove later that
            nothing in the history was changed.
    """

    path: Path
    files: int
    history_sha256: str


def write_archive(
    repositories: Repositories,
    campaign_id: str,
    path: str | Path,
    *,
    beside: Mapping[str, Path] | None = None,
) -> Archive:
    """Write all that is stored of a campaign into one zip file, which verifies itself.

    It holds ``tables/`` (CSV and JSON, see :func:`export_campaign`), ``source/`` (the bundle),
    ``transcripts/`` (one file a device: what was sent and received), ``campaign.json``,
    ``history.txt`` (the campaign's chain of hashes over all its records, as it is in the
    database), ``manifest.json`` with the sha256 of every file, and ``verify.py``, which needs
    nothing but Python: ``python verify.py ARCHIVE.zip``. Equal records make equal bytes.

    Args:
        repositories: any database.
        campaign_id: the campaign's id.
        path: the zip file; one that exists is replaced when the new one is whole.
        beside: name in the archive -> a file that is put in as well, such as a report.

    Raises:
        NotFoundError: there is no such campaign.
        StoreError: it cannot be written, a file of the bundle lies outside of its folder, or
            the database is none of ours.
    """
    database = ours(repositories)
    campaign = repositories.campaigns.get(campaign_id)
    bundle = repositories.campaigns.bundle(campaign_id)
    target = Path(path)
    part = target.with_name(f".{target.name}.part")
    try:
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(part, "w") as file:
            writer = _Writer(file)
            for form in ("csv", "json"):
                for table in export_campaign(repositories, campaign_id, form, folder):
                    writer.copy(f"tables/{table.name}", table)
            for name, content in sorted(bundle.files.items()):
                writer.write(f"source/{_inside(name)}", content)
            writer.write("campaign.json", _campaign(campaign, bundle))
            for device, lines in _transcripts(repositories, campaign_id).items():
                writer.write(f"transcripts/{device}.jsonl", "".join(lines).encode())
            for name, content_of in (beside or {}).items():
                writer.copy(name, content_of)
            writer.write("verify.py", _SCRIPT.read_bytes())
            end = writer.history(_history(database, campaign_id))
            writer.manifest(campaign, end)
        part.replace(target)
    except OSError as error:
        raise StoreError(
            f"the archive {target} cannot be written: {error}; give another place or free some "
            "space"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return Archive(target, len(writer.files), end)


class _Writer:
    """A zip file with a manifest; the same contents make the same bytes."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._zip = file
        self.files: dict[str, Json] = {}

    def write(self, name: str, content: bytes) -> None:
        """Add a file that is in memory."""
        self._zip.writestr(_entry(name), content)
        self.files[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    def copy(self, name: str, path: Path) -> None:
        """Add a file from the disk, a part in memory at a time."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as source, self._zip.open(_entry(name), "w", force_zip64=True) as to:
            while part := source.read(1 << 20):
                digest.update(part)
                size += len(part)
                to.write(part)
        self.files[name] = {"sha256": digest.hexdigest(), "bytes": size}

    def history(self, links: Iterator[tuple[str, str]]) -> str:
        """Add the chain, a line (hash, text) each; return the hash that it ends with."""
        end, lines = BEGINNING, []
        for end, text in links:
            lines.append(f"{end}\t{text}\n")
        self.write(HISTORY, "".join(lines).encode())
        return end

    def manifest(self, campaign: CampaignRecord, end: str) -> None:
        """Add what the archive says of itself."""
        said = {
            "format": FORMAT,
            "campaign": campaign.id,
            "name": campaign.name,
            "mode": campaign.mode.value,
            "labloop": version("labloop-sdl"),
            "history_sha256": end,
            "files": self.files,
        }
        self._zip.writestr(_entry("manifest.json"), json.dumps(said, indent=1, sort_keys=True))


def _entry(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)  # its date is always the same one
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = 0o644 << 16
    return made


def _inside(name: str) -> str:
    place = PurePosixPath(name.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or ":" in name:
        raise StoreError(f"the bundle names a file outside of its folder: {name!r}; not archived")
    return str(place)


def _campaign(campaign: CampaignRecord, bundle: Bundle) -> bytes:
    said = {"campaign": _json(campaign), "entry": bundle.entry, "versions": _json(bundle.versions)}
    said |= {"git_commit": bundle.git_commit, "git_dirty": bundle.git_dirty}
    return json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _transcripts(repositories: Repositories, campaign_id: str) -> dict[str, list[str]]:
    """Return device -> a line of JSON for each action, with its frames in hexadecimal."""
    found: dict[str, list[str]] = {}
    for entry in repositories.journal.iter_entries(campaign_id):
        intent, outcome = entry.intent, entry.outcome
        if outcome is None or not (outcome.sent or outcome.received):
            continue
        line: Mapping[str, Json] = {
            "intent": intent.id,
            "action": intent.name,
            "lab_time": outcome.lab_time,
            "sent": [frame.hex() for frame in outcome.sent],
            "received": [frame.hex() for frame in outcome.received],
        }
        found.setdefault(_inside(intent.device), []).append(text_of(line) + "\n")
    return found


def _history(database: Database, campaign_id: str) -> Iterator[tuple[str, str]]:
    """Yield each link of a campaign's chain: its hash, and the text of its record as it stands."""
    db = database.connections
    try:
        with db.readers.connect() as connection:
            for link, text in chain_lines(connection, campaign_id):
                yield str(link["sha256"]), text
    except DBAPIError as error:
        raise translate_error(error, db.where) from error


def _json(value: Any) -> Any:
    """Return a record as JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _json(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(name): _json(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_json(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value
