"""The lab as a procedure sees it: devices by name, stations, time and steps."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from labloop.errors import ProcedureError
from labloop.lab.devices import Device, Scope
from labloop.lab.gate import Sharing
from labloop.lab.procedure.consumables import ConsumableLog
from labloop.lab.procedure.occupancy import Occupancy
from labloop.lab.procedure.queue import Queue
from labloop.lab.procedure.stations import Setting, StationPool
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
    queue: Queue
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

    @property
    def used(self) -> frozenset[str]:
        """The devices and stations that this experiment used so far."""
        return frozenset(self._scope.used)

    def now(self) -> Quantity:
        """Return the time since the lab was opened."""
        return quantity(self._resources.clock.now(), "s")

    async def wait(self, duration: Quantity) -> None:
        """Let lab time pass: ``await lab.wait(quantity(5, "min"))``."""
        await self._resources.clock.sleep(magnitude(duration, "s", "lab.wait"))

    @asynccontextmanager
    async def any(self, kind: str, *, setting: Setting = None) -> AsyncIterator[str]:
        """Hold one of several stations that are alike.

        Who waited first gets it first, unless priorities, a plan or an equal setting speak for
        another one. The block begins when the station is ready: warm, and changed over.

        Args:
            kind: as in ``[stations.<kind>]`` of the lab file.
            setting: what it is set to, such as ``x.temperature``, where its lab file declares a
                ``change_over`` or room for several samples: samples at one setting share it.

        Yields:
            The name of the station.

        Raises:
            ProcedureError: the lab has no stations of that kind; the setting is missing or has
                the wrong unit; nobody would ever go on.
            PlacesUsedUpError: the stations are consumables, and none is left.
        """
        pool = self._resources.stations.get(kind)
        if pool is None:
            known = ", ".join(self._resources.stations) or "none"
            raise ProcedureError(f"the lab has no stations {kind!r}; it has: {known}")
        async with self._held([(pool, setting)]) as names:
            yield names[0]

    @asynccontextmanager
    async def all(
        self, *kinds: str, settings: Mapping[str, Setting] | None = None
    ) -> AsyncIterator[tuple[str, ...]]:
        """Hold one station of each kind, or a device, taken at once: none waits for the other.

        Args:
            kinds: of stations, or names of devices.
            settings: kind -> what it is set to, as in :meth:`any`.

        Yields:
            The names of the stations and devices, in the order of ``kinds``.

        Raises:
            ProcedureError: as :meth:`any`; a name is given twice, or held already.
            PlacesUsedUpError: stations are consumables, and none is left.
        """
        given = dict(settings or {})
        if not kinds or len(set(kinds)) != len(kinds) or not given.keys() <= set(kinds):
            raise ProcedureError(
                f"lab.all needs names of stations or devices, each once, and settings of these; "
                f"got {', '.join(kinds) or 'none'} and settings of {', '.join(given) or 'none'}"
            )
        known = {**self._resources.device_locks, **self._resources.stations}
        unknown = [kind for kind in kinds if kind not in known]
        if unknown:
            raise ProcedureError(
                f"the lab has no stations or device {', '.join(unknown)}; it has: "
                f"{', '.join(known)}"
            )
        async with self._held([(known[kind], given.get(kind)) for kind in kinds]) as names:
            yield names

    @asynccontextmanager
    async def exclusive(self, *devices: Device) -> AsyncIterator[None]:
        """Have devices for this experiment alone; first come, first served.

        Several are locked in one fixed order, so that two procedures cannot deadlock.

        Raises:
            ProcedureError: this experiment holds one of them already.
        """
        names = sorted({device.name for device in devices})
        self._check_not_held(names)
        async with AsyncExitStack() as stack:
            for name in names:
                lock = self._resources.device_locks[name]
                await stack.enter_async_context(self._held([(lock, None)]))
            yield

    @asynccontextmanager
    async def _held(
        self, wanted: Sequence[tuple[StationPool, Setting]]
    ) -> AsyncIterator[tuple[str, ...]]:
        """Hold a station of each pool, ready for use."""
        resources, scope = self._resources, self._scope
        locks = [pool for pool, _ in wanted if pool is resources.device_locks.get(pool.kind)]
        self._check_not_held([pool.kind for pool in locks])
        who = scope.experiment_id
        with ExitStack() as stack:
            with resources.occupancy.waiting([pool.kind for pool, _ in wanted]) as asked:
                hold = await resources.queue.take(scope, wanted)
            stack.callback(resources.queue.give_back, hold)
            for pool, station in hold.stations.items():
                name = station.name
                stack.enter_context(resources.occupancy.holding(pool.kind, name, who, asked))
                if pool in locks:
                    scope.holding.add(name)
                    stack.callback(scope.holding.discard, name)
            for pool, station in hold.stations.items():
                if pool.used_up:
                    await resources.consumables.use(scope, pool.kind, station.name)
                resources.sharing.hold(scope, station.name, alone=pool.rules.capacity == 1)
                stack.callback(resources.sharing.release, scope, station.name)
            if hold.seconds:
                await resources.clock.sleep(hold.seconds)
            yield tuple(hold.stations[pool].name for pool, _ in wanted)

    def _check_not_held(self, devices: Sequence[str]) -> None:
        again = [name for name in devices if name in self._scope.holding]
        if again:
            raise ProcedureError(
                f"{', '.join(again)} is held by this experiment already and would wait for itself; "
                "name all devices in one lab.exclusive(...)"
            )

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
