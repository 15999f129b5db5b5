"""How a host stands: devices, who has them, what they do, what was read last; as JSON."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from labloop.errors import LabloopError
from labloop.lab import Device, HostSessions, Lab, LabFile, LabHost, SessionLease, describe_driver
from labloop.records import Mode

_CHECK_SECONDS = 15.0
"""So often a device of a lab in real time is asked whether it answers."""


@dataclass(slots=True)
class Health:
    """Whether each device answers, as it was asked last."""

    told: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Device -> second of wall time, and why it does not answer; empty where it does."""

    async def check(self, sessions: HostSessions, devices: Mapping[str, Any]) -> None:
        """Ask every device; in simulated time none, which would cost lab time."""
        for name in devices:
            why = ""

            async def ask(lab: Lab, name: str = name) -> None:
                await getattr(lab, name).health()

            try:
                await sessions.by_hand(f"health-{name}", ask)
            except LabloopError as error:
                why = str(error)
            self.told[name] = time.time(), why

    async def watch(self, sessions: HostSessions, devices: Mapping[str, Any]) -> None:
        """Ask again and again, until cancelled."""
        while True:
            await self.check(sessions, devices)
            await asyncio.sleep(_CHECK_SECONDS)


@dataclass(frozen=True, slots=True)
class HostView:
    """What can be shown of a host that runs."""

    name: str
    url: str
    lab_file: LabFile
    """The lab as campaigns are told of it, with what is used up in it."""
    host: LabHost
    sessions: HostSessions
    lease: SessionLease
    health: Health
    since: float
    speed: str

    async def lab(self) -> dict[str, Any]:
        """Return what a campaign must know before it opens the lab."""
        from labloop.lab import API, describe_lab  # noqa: PLC0415 - beside its only use

        drivers = await self.sessions.by_hand("drivers", self._drivers)
        return {
            "api": API,
            "labloop": metadata.version("labloop-sdl"),
            "name": self.name,
            "mode": self.host.mode.value,
            "wall": time.time(),
            "lab": describe_lab(self.lab_file),
            "devices": drivers,
        }

    async def status(self) -> dict[str, Any]:
        """Return how it stands."""
        read = await self.sessions.by_hand("latest", self._latest)
        activity, identities = self.host.activity(), self.host.identities
        return {
            "name": self.name,
            "url": self.url,
            "mode": self.host.mode.value,
            "lab": self.host.lab_file.lab.name,
            "pid": os.getpid(),
            "since": self.since,
            "wall": time.time(),
            "lab_seconds": self.host.now(),
            "speed": self.speed if self.host.mode is Mode.SIMULATED else "real",
            "silence_seconds": self.sessions.seconds,
            "labloop": metadata.version("labloop-sdl"),
            "devices": [
                {
                    "name": name,
                    "model": identities[name].model if name in identities else "",
                    "serial_number": identities[name].serial_number if name in identities else "",
                    "driver": table.driver,
                    "activity": activity.get(name, "idle"),
                    "health": self._health(name),
                    "holder": self._holder(name),
                    "latest": read.get(name, []),
                }
                for name, table in self.host.lab_file.devices.items()
            ],
            "stations": [
                {"kind": kind, "holder": self._holder(kind)} for kind in self.host.lab_file.stations
            ],
            "notes": [{"time": at, "text": text} for at, text in self.sessions.notes[-20:]],
        }

    def _health(self, name: str) -> dict[str, Any]:
        asked, why = self.health.told.get(name, (self.since, ""))
        return {"answers": not why, "why": why, "asked": asked}

    def _holder(self, name: str) -> dict[str, Any] | None:
        session = self.lease.holder(name)
        if session is None:
            return None
        asker = session.asker
        return {
            "campaign": asker.campaign,
            "user": asker.user,
            "place": asker.place,
            "since": session.since,
            "silent_seconds": max(time.monotonic() - session.heard, 0.0),
            "ending": session.over,
        }

    async def _drivers(self, lab: Lab) -> dict[str, Any]:
        return {n: describe_driver(type(getattr(lab, n))) for n in self.host.lab_file.devices}

    async def _latest(self, lab: Lab) -> dict[str, list[dict[str, Any]]]:
        return {n: _readings(getattr(lab, n)) for n in self.host.lab_file.devices}


def _readings(device: Device) -> list[dict[str, Any]]:
    return [
        {
            "read": name,
            "value": reading.value,
            "unit": reading.unit,
            "quality": reading.quality.value,
            "age": device.context.clock.now() - reading.time,
        }
        for name, reading in device.context.latest.items()
    ]
