"""A host from its start to its end: the lab is opened, served, and left safe."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labloop.errors import LabloopError, MissingExtraError
from labloop.lab import (
    ActionRecord,
    HostSessions,
    LabFile,
    LabHost,
    SessionLease,
    Speed,
    check_name,
    plan_lab,
)
from labloop.records import Alarm, Mode, Repositories, Severity
from labloop.service.listening import Claim, Listen, claimed
from labloop.service.record import Died, host_record
from labloop.service.status import Health, HostView

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI

_LOOK_SECONDS = 0.25
"""So often it is looked whether a campaign has gone silent."""
_END_SECONDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOrder:
    """What is wanted of a host.

    Raises:
        LabFileError: its name is none.
    """

    lab_file: LabFile
    name: str
    mode: Mode = Mode.SIMULATED
    seed: int = 0
    """Of the simulated world."""
    speed: Speed = "max"
    """Of simulated lab time; a campaign has none of its own."""
    actor: str = "labloop"
    listen: Listen = field(default_factory=Listen)
    silence: float = 30.0
    """Seconds without a word of a campaign after which its devices are made safe and freed."""
    truth: Path | None = None
    """Where the simulated world's own log is written at the end."""

    def __post_init__(self) -> None:
        check_name(self.name)


def run_host(
    order: HostOrder,
    repositories: Repositories,
    tell: Callable[[HostView], object],
    down: threading.Event | None = None,
) -> None:
    """Serve a lab until it is ended: by ``down``, by ``labloop lab down`` or by a signal.

    Args:
        order: what is wanted.
        repositories: where the host keeps what was asked of it.
        tell: is called when campaigns can come.
        down: ends it.

    Raises:
        MissingExtraError: FastAPI and uvicorn are not installed.
        LeaseError: a host of that name runs, or another program has one of the instruments.
        CampaignError: nobody can listen at its address.
        LabFileError: the lab file cannot be used.
        DeviceError: a device does not answer; the others were made safe.
        DatabaseUnusableError: its record could not be written any more; it ended by itself.
        NotSafeError: at the end something is not known to be safe.
    """
    _require()
    down = down or threading.Event()
    with (
        claimed(order.name) as claim,
        # Before anything moves: campaigns that come now are answered when the lab is open.
        order.listen.bind() as listening,
        host_record(repositories, order.name, order.mode, order.actor) as (record, died),
    ):
        lease = SessionLease()
        host = _host(order, repositories, record, lease)
        try:
            with host:
                if died and order.mode is Mode.REAL:
                    host.make_safe().check()
                _serve_until(down, order, host, (record, lease), (claim, listening), died, tell)
        finally:
            if order.truth is not None and host.truth is not None:
                lines = "\n".join((*host.truth.lines(), ""))
                order.truth.write_text(lines, encoding="utf-8")


def _require() -> None:
    try:
        import fastapi  # noqa: F401, PLC0415 - an extra
        import uvicorn  # noqa: F401, PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError("labloop lab up", "host") from error


def _host(
    order: HostOrder, repositories: Repositories, record: ActionRecord, lease: SessionLease
) -> LabHost:
    def keep(alarm: Alarm) -> None:
        severe = alarm.severity is Severity.CRITICAL
        future = repositories.alarms.add(record.campaign_id, alarm)
        if severe:
            future.result()

    # With what is drawn from consumables, so that a mistake there is told by who has the drivers.
    plan_lab(order.lab_file, order.mode)
    return LabHost(
        # What is drawn is booked by the gate of the campaign that draws it; twice would be wrong.
        order.lab_file.model_copy(update={"consumables": {}}),
        mode=order.mode,
        journal=repositories.journal,
        campaign_id=record.campaign_id,
        seed=order.seed,
        speed=order.speed,
        actor=order.actor,
        lease=lease,
        on_alarm=keep,
        purpose=f"the host {order.name!r}",
        handover=repositories.handover,
    )


def _serve_until(
    down: threading.Event,
    order: HostOrder,
    host: LabHost,
    kept: tuple[ActionRecord, SessionLease],
    reached: "tuple[Claim, socket.socket]",
    died: Died | None,
    tell: Callable[[HostView], object],
) -> None:
    """Serve the open lab until it is to end, and until its devices are safe."""
    from labloop.service.app import make_app  # noqa: PLC0415 - loads FastAPI

    record, lease = kept
    stepped = order.mode is Mode.SIMULATED and order.speed != "real"
    sessions = HostSessions(host, lease, record, seconds=order.silence, stepped=stepped)
    if died:
        sessions.notes.append((time.time(), died.note))
        # Safe comes first. Whoever comes later finds in the record what was told.
        sessions.ask_devices(died.campaign_id)
    health = Health()
    claim, listening = reached
    failed: list[LabloopError] = []

    def broken(error: LabloopError) -> None:
        failed.append(error)
        down.set()

    url = order.listen.url(listening.getsockname()[1])
    view = HostView(
        name=order.name,
        url=url,
        lab_file=order.lab_file,
        host=host,
        sessions=sessions,
        lease=lease,
        health=health,
        since=time.time(),
        speed=str(order.speed),
    )
    app = make_app(
        view,
        sessions,
        claim.token,
        is_loopback=order.listen.is_loopback,
        down=down.set,
        broken=broken,
    )
    look = None if stepped else health
    with _served(app, listening, order.listen, sessions, look):
        claim.write(url, order.listen)
        tell(view)
        try:
            while not down.wait(0.5):
                pass
        finally:
            sessions.close(f"the host {order.name!r} is ending")
            # While campaigns can still ask what became of what they had asked for.
            host.leave(f"the host {order.name!r} is ended")
    if failed:
        raise failed[0]


@contextmanager
def _served(
    app: "FastAPI",
    listening: "socket.socket",
    listen: Listen,
    sessions: HostSessions,
    health: Health | None,
) -> Iterator[None]:
    """Serve in a thread of its own while the block runs."""
    import uvicorn  # noqa: PLC0415 - an extra

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            lifespan="off",
            loop="asyncio",
            http="h11",
            ws="none",
            ssl_certfile=listen.certificate,
            ssl_keyfile=listen.key,
            timeout_graceful_shutdown=_END_SECONDS,
        )
    )

    async def serve() -> None:
        beside = [asyncio.create_task(_look(sessions))]
        if health is not None:
            beside.append(asyncio.create_task(health.watch(sessions, sessions.devices)))
        try:
            await server.serve(sockets=[listening])
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="labloop-host-http")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(2 * _END_SECONDS)


async def _look(sessions: HostSessions) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        sessions.end_silent()
