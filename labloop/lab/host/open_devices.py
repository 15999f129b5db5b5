"""The devices of an open lab: they are connected, made safe, held and closed together."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from labloop.errors import LabloopError, NotConnectedError
from labloop.lab.devices import SCOPE, Device, Scope
from labloop.lab.host.identification import connect_and_identify
from labloop.lab.host.safety import SafeStates, SafetyReport, WatchdogFeeder
from labloop.lab.procedure import LabResources
from labloop.lab.time import Clock
from labloop.lab.transports import RECORDER, Recorder
from labloop.records import DeviceIdentity, Journal


@dataclass(slots=True)
class OpenDevices:
    """The devices of one open lab and what belongs to them; used in the lab's event loop."""

    devices: dict[str, Device]
    resources: LabResources
    safe_states: SafeStates
    feeder: WatchdogFeeder
    activity: dict[str, str]
    """Device -> what it does now."""
    clock: Clock
    journal: Journal
    scope: Scope
    """For what the lab does itself."""
    patience: float | None = None
    """In a lab that is opened only to be made safe: lab seconds for each connect at most."""
    identities: dict[str, DeviceIdentity] = field(default_factory=dict)
    """Devices that answered at the connect; nothing is ever sent to any other."""
    tried: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    """Device -> whether it was tried to connect it."""

    async def connect(self) -> None:
        """Connect all devices at once and commit their identities.

        A lab that is opened only to be made safe connects each when it is made safe.

        Raises:
            LabloopError: the error of the only device that cannot be used.
            NotConnectedError: a list of several devices that cannot be used.
        """
        if self.patience is not None:
            return
        SCOPE.set(self.scope)
        ends = await asyncio.gather(*map(self._connect, self.devices.values()))
        errors = {
            name: error for name, error in zip(self.devices, ends, strict=True) if error is not None
        }
        if len(errors) == 1:
            [(name, error)] = errors.items()
            if isinstance(error, LabloopError):
                raise with_message(error, _naming(name, str(error)))
        if errors:
            lines = "".join(
                f"\n  {name} ({self.devices[name].transport.url}): {error}"
                for name, error in errors.items()
            )
            raise NotConnectedError(
                f"{len(errors)} of {len(self.devices)} devices cannot be used:{lines}"
            )
        for identity in self.identities.values():
            await self.clock.external(self.journal.identity(self.scope.campaign_id, identity))

    async def make_safe(
        self, report: SafetyReport, until: float, among: Collection[str] | None = None
    ) -> None:
        """Bring connected devices into their safe state until lab second ``until``.

        Args:
            report: is filled in.
            until: when all must be over.
            among: their names; all if left out.
        """
        if self.patience is None:
            wanted = self.identities if among is None else set(among) & set(self.identities)
            await self.safe_states.run(report, until, wanted)
        else:
            await self.safe_states.run(report, until, self.devices, self._connect)

    async def hold(self, report: SafetyReport, until: float, keep: Collection[str]) -> None:
        """Make safe all devices but those in ``keep``; who fails is left to its watchdog."""
        names = [name for name in self.identities if name not in keep]
        await self.safe_states.run(report, until, names)
        await self.feeder.end(report.failures)

    async def go_on(self) -> None:
        """Feed the watchdogs of all connected devices again, after a hold."""
        for name in self.identities:
            self.feeder.begin(self.devices[name])

    async def close(self, seconds: float) -> None:
        """Close every line; one that hangs is left after ``seconds``."""
        await self.feeder.end()
        await asyncio.gather(
            *(asyncio.wait_for(device.close(), seconds) for device in self.devices.values()),
            return_exceptions=True,
        )

    async def _connect(self, device: Device) -> Exception | None:
        """Connect one device after those it is built with; return why it cannot be used."""
        try:
            for other in device.context.built_with:
                await self.tried[other].wait()
                if other not in self.identities:
                    return NotConnectedError(f"{other}, with which it is built, cannot be used")
            return await self._connect_now(device)
        finally:
            self.tried[device.name].set()

    async def _connect_now(self, device: Device) -> Exception | None:
        recorder = Recorder()
        RECORDER.set(recorder)
        bound = min(device.connect_seconds, self.patience or device.connect_seconds)
        try:
            async with self.clock.deadline(bound, f"connecting {device.name}"):
                found = await connect_and_identify(device, recorder)
        except Exception as error:  # noqa: BLE001 - process edge: reported with those of the other devices
            return error if isinstance(error, LabloopError) else _as_not_connected(error)
        device.context.on_transport = bool(recorder.sent)
        driver = type(device)
        package = sys.modules.get(driver.__module__.partition(".")[0])
        self.identities[device.name] = replace(
            found,
            device=device.name,
            driver=f"{driver.__module__}:{driver.__qualname__}",
            driver_version=str(getattr(package, "__version__", "")),
            url=device.transport.url,
        )
        self.feeder.begin(device)
        return None


def with_message(error: LabloopError, message: str) -> LabloopError:
    """Return the same error with another message: callers look at its class."""
    error.args = (message,)
    return error


def _naming(name: str, message: str) -> str:
    return message if message.startswith(name) else f"{name} cannot be used: {message}"


def _as_not_connected(error: Exception) -> NotConnectedError:
    made = NotConnectedError(f"{type(error).__name__}: {error}")
    made.__cause__ = error
    return made
