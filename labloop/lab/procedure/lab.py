"""The lab as a procedure sees it: devices by name, stations, time and steps."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from labloop.errors import ProcedureError
from labloop.lab.devices import Device, Scope
from labloop.lab.gate import Sharing
from labloop.lab.procedure.consumables import ConsumableLog
from labloop.lab.procedure.occupancy import Occupancy
from labloop.lab.procedure.stations import StationPool
from labloop.lab.procedure.steps import Steps
from labloop.lab.procedure.work import LabWork
from labloop.lab.time import Clock
from labloop.lab.work import Work
from labloop.units import Quantity, magnitude, quantity


@dataclass(frozen=True, slots=True)
class LabResources:
    """What all procedures of one lab share."""

    clock: Clock
    devices: Mapping[str, Device]
    stations: Mapping[str, StationPool]
    device_locks: Mapping[str, StationPool]
    """Device -> its lock, for ``lab.exclusive``."""
    steps: Steps
    sharing: Sharing
    work: LabWork
    consumables: ConsumableLog
    occupancy: Occupancy


class Lab:
    """The lab of one experiment; devices are its attributes.

    ``await lab.pump.set_rate(quantity(1, "mL/min"))``

    Args:
        resources: shared with the other procedures.
        scope: the experiment.
    """

    def __init__(self, resources: LabResources, scope: Scope) -> None:
        self._resources = resources
        self._scope = scope

    def __getattr__(self, name: str) -> Any:
        """Return the device of that name; raises AttributeError with the names there are."""
        if name.startswith("_"):
            raise AttributeError(name)
        device = self._resources.devices.get(name)
        if device is None:
            raise AttributeError(
                f"the lab has no device {name!r}; it has: {', '.join(self._resources.devices)}"
            )
        return device

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._resources.devices]

    @property
    def experiment_id(self) -> str | None:
        """The experiment; None for what a person does by hand."""
        return self._scope.experiment_id

    def now(self) -> Quantity:
        """Return the time since the lab was opened."""
        return quantity(self._resources.clock.now(), "s")

    async def wait(self, duration: Quantity) -> None:
        """Let lab time pass: ``await lab.wait(quantity(5, "min"))``."""
        await self._resources.clock.sleep(magnitude(duration, "s", "lab.wait"))

    @asynccontextmanager
    async def any(self, kind: str) -> AsyncIterator[str]:
        """Hold one of several stations that are alike; first come, first served.

        Args:
            kind: as in ``[stations.<kind>]`` of the lab file.

        Yields:
            The name of the station.

        Raises:
            ProcedureError: the lab has no stations of that kind.
            PlacesUsedUpError: the stations are consumables, and none is left.
        """
        places = self._resources.stations.get(kind)
        if places is None:
            known = ", ".join(self._resources.stations) or "none"
            raise ProcedureError(f"the lab has no stations {kind!r}; it has: {known}")
        async with AsyncExitStack() as stack:
            with self._resources.occupancy.waiting(kind):
                name = await stack.enter_async_context(places)
            stack.enter_context(self._resources.occupancy.holding(name))
            if places.used_up:
                await self._resources.consumables.use(self._scope, kind, name)
            self._resources.sharing.hold(self._scope, name)
            stack.callback(self._resources.sharing.release, self._scope, name)
            yield name

    @asynccontextmanager
    async def exclusive(self, *devices: Device) -> AsyncIterator[None]:
        """Have devices for this experiment alone; first come, first served.

        Several are locked in one fixed order, so that two procedures cannot deadlock.

        Raises:
            ProcedureError: this experiment holds one of them already.
        """
        holding, sharing = self._scope.holding, self._resources.sharing
        names = sorted({device.name for device in devices})
        again = [name for name in names if name in holding]
        if again:
            raise ProcedureError(
                f"{', '.join(again)} is held by this experiment already and would wait for itself; "
                "name all devices in one lab.exclusive(...)"
            )
        async with AsyncExitStack() as stack:
            for name in names:
                with self._resources.occupancy.waiting(name):
                    await stack.enter_async_context(self._resources.device_locks[name])
                stack.enter_context(self._resources.occupancy.holding(name))
                holding.add(name)
                stack.callback(holding.discard, name)
                sharing.hold(self._scope, name)
                stack.callback(sharing.release, self._scope, name)
            yield

    async def run(
        self,
        work: Work | Callable[..., Any],
        *args: Any,
        simulated: Work | Callable[..., Any] | None = None,
        takes: Quantity | None = None,
    ) -> Any:
        """Carry out what would block the lab, beside it, and return its result.

        ``peaks = await lab.run(find_peaks, spectrum)`` calls a function in a thread;
        ``Function(f, process=True, timeout=60)`` one in a process, ``Command([...])`` a program,
        with one mapping of its placeholders. Every attempt is committed with its log.

        In a simulated lab it really runs, and costs no lab time unless ``takes`` says so.

        Args:
            work: a function, ``def`` or ``async def``, or a Function, Command, Notebook or
                ClusterJob.
            args: what it is given.
            simulated: is carried out in its place in a simulated lab.
            takes: the lab time that passes in a simulated lab.

        Raises:
            WorkError: it failed, as what the function itself raised; WorkTimeoutError in time.
            UncertainError: it may still have an effect.
        """
        return await self._resources.work.run(
            self._scope, work, args, simulated=simulated, takes=takes
        )

    async def step(self, name: str, f: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Carry ``f(*args)`` out as a named step, or return what it returned before a restart.

        Raises:
            ProcedureError: the experiment has a second step of that name.
            DefinitionError: JSON cannot hold an argument or the result.
        """
        return await self._resources.steps.run(self._scope, name, f, args)
