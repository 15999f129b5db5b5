"""Verbs of transcripts: record what is said, and play it to the driver again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.contact.act import Arguments, Hold
from labloop.cli.contact.session import (
    DeviceName,
    LabToml,
    RealLab,
    host_of,
    print_safe,
    read_lab_file,
    tell_mode,
)
from labloop.cli.contact.wanted import carry_out, wanted_of
from labloop.cli.terminal import console
from labloop.errors import DefinitionError, DeviceError, LabFileError

if TYPE_CHECKING:
    from labloop.lab import LabFile, Session

File = Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="the transcript")]
Number = Annotated[
    int | None, typer.Option("--session", min=1, help="which one of the file; the last if left out")
]


def record(
    lab: LabToml,
    name: DeviceName,
    action: Annotated[
        str, typer.Argument(metavar="[ACTION]", help="what it shall do; nothing but reading else")
    ] = "",
    arguments: Arguments = None,
    *,
    hold: Hold = "0 s",
    to: Annotated[Path, typer.Option("--to", help="the folder of the transcripts")] = Path(
        "transcripts"
    ),
    real: RealLab = False,
) -> None:
    """Identify a device, let it do one thing, read it, make it safe; keep all that is said.

    The file is --to/NAME.jsonl. A new session is appended with its date; older ones stay.
    """
    from labloop.lab import note_in_transcript  # noqa: PLC0415 - keeps labloop --help quick

    lab_file = read_lab_file(lab)
    part = lab_file.part(name, [action] if action else ())
    wanted = wanted_of(part, name, action, arguments or (), hold)
    host = host_of(part, f"record {name}", real, record=to)
    tell_mode(lab_file, real)
    file = to / f"{name}.jsonl"
    try:
        with host:
            note_in_transcript(file, asked=wanted.json())
            note_in_transcript(file, values=carry_out(host, wanted, "devices"))
    finally:
        if file.exists():
            console().print(f"recorded  {file}, session {len(_sessions(file))}")
    print_safe(host)


def replay(
    lab: LabToml,
    name: DeviceName,
    file: File,
    *,
    session: Number = None,
) -> None:
    """Let a driver say again what it said when a transcript was recorded, and compare.

    The transcript answers; no instrument is spoken to. A driver that sends other frames, or reads
    another value out of the same answer, is told.
    """
    told = session_in(file, session)
    asked = told.note("asked")
    if not isinstance(asked, dict):
        raise DefinitionError(
            f"{file} does not tell what was asked of the device; record it with: "
            "labloop devices record"
        )
    action = str(asked["action"])
    part = _answered_by(
        read_lab_file(lab).part(name, [action] if action else ()), name, file, session
    )
    pairs = [f"{key}={value}" for key, value in asked["arguments"].items()]
    wanted = wanted_of(part, name, action, pairs, asked["hold"])
    host = host_of(part, f"replay {name}", False)
    console().print(f"replayed: {file} of {told.about.get('recorded', 'no date')} answers")
    with host:
        found = carry_out(host, wanted, "devices")
    recorded = told.note("values") or {}
    changed = [
        f"{what} is {found.get(what, 'not there')}, recorded was {value}"
        for what, value in recorded.items()
        if found.get(what) != value
    ]
    if changed:
        raise DeviceError(f"the driver of {name} reads other values: {'; '.join(changed)}")
    console().print(f"alike     {len(recorded)} values and every frame, as recorded")


def session_in(file: Path, number: int | None) -> "Session":
    """Return a session of a transcript, the last one without a number; raises LabFileError."""
    from labloop.lab import session_of  # noqa: PLC0415 - keeps labloop --help quick

    return session_of(str(file) if number is None else f"{file}?session={number}")


def _sessions(file: Path) -> "list[Session]":
    from labloop.lab import read_transcript  # noqa: PLC0415 - keeps labloop --help quick

    return read_transcript(file)


def _answered_by(part: "LabFile", name: str, file: Path, number: int | None) -> "LabFile":
    """Return a lab in which transcripts answer: ``file``, and those beside it of other devices."""
    devices = dict(part.devices)
    for each, table in part.devices.items():
        path = file if each == name else file.with_name(f"{each}.jsonl")
        if not path.exists():
            raise LabFileError(f"there is no transcript {path} of the device {each}")
        query = f"?session={number}" if each == name and number is not None else ""
        devices[each] = table.model_copy(update={"url": f"replay://{path}{query}"})
    return part.model_copy(update={"devices": devices})
