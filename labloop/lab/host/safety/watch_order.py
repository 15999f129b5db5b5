"""What the watchdog process is told: whom to watch, and what to do when that one is gone."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from labloop.errors import LabFileError
from labloop.lab.configuration import LabFile, lab_file_of
from labloop.processes import process_start
from labloop.records import Handover


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOrder:
    """One lab, the process that has it, and where what was done is written down."""

    owner: int
    """Its process id."""
    owner_start: str
    """When it began: a later process with the same id is another one."""
    after: float
    """Seconds without a beat after which it is ended."""
    lab: Mapping[str, Any]
    """The tables of the lab file."""
    source: str
    folder: str
    """That of the lab file, in which drivers may lie; empty where there is none."""
    campaign_id: str
    user: str
    """Who had the lab."""
    purpose: str
    notes: tuple[str, ...]
    """Folders for the note, the first that can be written to."""
    program: tuple[str, ...]
    """Words of a command line of Python that takes the note in; empty where nobody does."""
    environment: Mapping[str, str]
    """Variables for it."""

    @classmethod
    def for_this_process(
        cls,
        lab_file: LabFile,
        *,
        campaign_id: str,
        user: str,
        purpose: str,
        handover: Handover | None,
    ) -> Self:
        """Return the order to watch this process.

        Raises:
            LabFileError: an option of the lab file cannot be told to another process.
        """
        try:
            tables = lab_file.model_dump(mode="json", exclude={"source", "folder"})
        except ValueError as error:
            raise LabFileError(
                f"{lab_file.source}: the watchdog process cannot be told of this lab: {error}; "
                "options are texts, numbers, lists and tables"
            ) from error
        beside = str(lab_file.folder or Path.cwd())
        own = [] if handover is None else [str(handover.folder)]
        return cls(
            owner=os.getpid(),
            owner_start=process_start(os.getpid()) or "",
            after=lab_file.watchdog.seconds,
            lab=tables,
            source=lab_file.source,
            folder=str(lab_file.folder or ""),
            campaign_id=campaign_id,
            user=user,
            purpose=purpose,
            notes=(*own, beside, tempfile.gettempdir()),
            program=() if handover is None else handover.program,
            environment={} if handover is None else dict(handover.environment),
        )

    @property
    def lab_file(self) -> LabFile:
        """The lab file; raises LabFileError."""
        return lab_file_of(self.lab, self.source, Path(self.folder) if self.folder else None)

    def line(self) -> bytes:
        """Return the order as one line, without its end."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Return the order of a line; raises ValueError, TypeError for any other line."""
        found = json.loads(line)
        return cls(**{**found, "notes": tuple(found["notes"]), "program": tuple(found["program"])})
