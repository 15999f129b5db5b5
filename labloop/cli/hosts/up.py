"""The verb that serves a lab: up."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.running import check_truth, confirm_instruments, read_speed
from labloop.cli.terminal import Seed, SpeedText, Truth, console, mode_of, open_repositories
from labloop.errors import CampaignError
from labloop.records import Mode

if TYPE_CHECKING:
    from labloop.service import HostOrder, HostView

HostName = Annotated[str, typer.Option("--name", help="of the host; that of the lab if left out")]
_SHORTEST, _LONGEST = 2.0, 3600.0
"""Seconds for which a campaign may be silent."""


def up(
    lab: Annotated[Path, typer.Argument(metavar="LAB.toml", help="the lab file")],
    *,
    name: HostName = "",
    db: Annotated[
        str | None,
        typer.Option("--db", help="where the host keeps its record [NAME-host.db beside the file]"),
    ] = None,
    real: Annotated[
        bool, typer.Option("--real", help="the real instruments instead of simulated ones")
    ] = False,
    speed: SpeedText = "max",
    seed: Seed = None,
    silence: Annotated[
        str,
        typer.Option("--silence", help="a campaign that is silent for so long loses its devices"),
    ] = "30 s",
    listen: Annotated[
        str, typer.Option("--listen", help="MACHINE:PORT; other machines need TLS")
    ] = "127.0.0.1:0",
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="PEM file of the certificate")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="PEM file of its key")] = None,
    truth: Truth = None,
) -> None:
    """Serve the devices of a lab to campaigns: simulated, unless --real is said and confirmed."""
    from labloop.campaign import current_user  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.lab import load_lab_file  # noqa: PLC0415 - same
    from labloop.service import HostOrder, Listen, run_host  # noqa: PLC0415 - same

    mode = mode_of(real)
    if truth is not None:
        check_truth(truth, mode)
    lab_file = load_lab_file(lab)
    order = HostOrder(
        lab_file=lab_file,
        name=name or lab_file.lab.name,
        mode=mode,
        seed=seed or 0,
        speed=read_speed(speed, mode),
        actor=current_user(),
        listen=Listen(listen, certificate, key),
        silence=_silence(silence),
        truth=truth,
    )
    if mode is Mode.REAL:
        confirm_instruments(lab_file.lab.name, "lab")
    place = db or str((lab_file.folder or Path.cwd()) / f"{order.name}-host.db")
    with open_repositories(place, create=True) as repositories:
        run_host(order, repositories, lambda view: _tell(order, view, repositories.url))
    console().print(f"{order.name}: ended; every device is safe")


def _silence(text: str) -> float:
    from labloop.units import convert, split_quantity  # noqa: PLC0415 - keeps --help quick

    seconds = convert(*split_quantity(text), "s")
    if not _SHORTEST <= seconds <= _LONGEST:
        raise CampaignError(
            f"--silence is a time from {_SHORTEST:g} s to {_LONGEST:g} s, got {text!r}"
        )
    return seconds


def _tell(order: "HostOrder", view: "HostView", record: str) -> None:
    out = console()
    count = len(order.lab_file.devices)
    many = f"{count} device" + ("" if count == 1 else "s")
    where = "loopback" if order.listen.is_loopback else "TLS"
    out.print(
        f"{order.name}: {many}, {order.mode.value}, {view.url} ({where})   "
        "Ctrl-C makes safe and ends",
        soft_wrap=True,
    )
    out.print(f"record    {record}", soft_wrap=True)
    out.print(f'campaigns lab="host://{order.name}"', soft_wrap=True)
    if not order.listen.is_loopback:
        _tell_elsewhere(order, view)


def _tell_elsewhere(order: "HostOrder", view: "HostView") -> None:
    from labloop.lab import hosts_folder  # noqa: PLC0415 - keeps labloop --help quick

    machine, port = order.listen.machine, view.url.rpartition(":")[2]
    if machine in {"0.0.0.0", "::"}:  # noqa: S104 - compared
        # It listens on every address of this machine: others know it by its name.
        machine = socket.gethostname()
    address = f"{machine}:{port}"
    out, folder = console(), hosts_folder()
    out.print(
        f'elsewhere lab="host://{order.name}@{address}", with these two files:', soft_wrap=True
    )
    for source, ending in (
        (folder / f"{order.name}.token", "token"),
        (order.listen.certificate, "pem"),
    ):
        out.print(
            f"          {source} as ~/.labloop/hosts/{order.name}@{machine}.{ending}",
            soft_wrap=True,
        )
