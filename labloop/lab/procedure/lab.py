"""The lab as a procedure sees it: devices by name, stations, time and steps."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from labloop.errors import ProcedureError
from labloop.lab.devices import Device, Scope
from labloop.lab.gate import Sharing
from labloop.lab.procedure.late import LateResult
from labloop.lab.procedure.occupancy import Occupancy
from labloop.lab.procedure.queue import Queue
from labloop.lab.procedure.replanning import Replanning
from labloop.lab.procedure.stations import Setting, StationPool
from labloop.lab.procedure.steps import Steps
from labloop.lab.procedure.work import LabWork
from labloop.lab.things import Bookings, Place, Sample, SampleMoves
from labloop.lab.time import Clock
from labloop.lab.work import Work
from labloop.records import Occupation
from labloop.units import Quantity, magnitude, quantity

Booked: TypeAlias = "Place | tuple[str, ...]"
"""A well, or the names of the lots that something was taken from."""


@dataclass(frozen=True, slots=True)
class LabResources:
    """What all procedures of one lab share."""

    clock: Clock
    devices: Mapping[str, Device]
    stations: Mapping[str, StationPool]
    device_locks: Mapping[str, StationPool]
    """Device -> its lock, for ``lab.exclusive``."""
    queue: Queue
    replanning: Replanning
    steps: Steps
    sharing: Sharing
    work: LabWork
    bookings: Bookings
    samples: SampleMoves
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

    @property
    def held(self) -> Sequence[Occupation]:
        """What this experiment had of stations and devices, and has given back."""
        return tuple(self._scope.held)

    @property
    def awaits(self) -> str:
        """The late result that this experiment waits for, in words; else empty."""
        return self._scope.awaits

    @property
    def simulated_results(self) -> Mapping[str, str]:
        """Late result -> what it is in this simulated lab, where the procedure says so."""
        return self._scope.simulated

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

        Of what is used up by its use, a well or a tip, one that is left is booked at once.

        Args:
            kind: as in ``[stations.<kind>]`` or ``[plates.<kind>]`` of the lab file.
            setting: what it is set to, such as ``x.temperature``, where its lab file declares a
                ``change_over`` or room for several samples: samples at one setting share it.

        Yields:
            The name of the station, or of the well.

        Raises:
            ProcedureError: the lab has no stations of that kind; the setting is missing or has
                the wrong unit; nobody would ever go on.
            PlacesUsedUpError: they are used up by their use, and none is left.
        """
        known = {**self._resources.stations}
        if kind not in known and not self._resources.bookings.is_place(kind):
            places = [*known, *self._resources.bookings.places]
            raise ProcedureError(
                f"the lab has no stations {kind!r}; it has: {', '.join(places) or 'none'}"
            )
        async with self._taken([kind], {kind: setting}) as names:
            yield names[0]

    @asynccontextmanager
    async def all(
        self, *kinds: str, settings: Mapping[str, Setting] | None = None
    ) -> AsyncIterator[tuple[str, ...]]:
        """Hold one station of each kind, or a device, taken at once: none waits for the other.

        Args:
            kinds: of stations or plates, or names of devices.
            settings: kind -> what it is set to, as in :meth:`any`.

        Yields:
            The names of the stations and devices, in the order of ``kinds``.

        Raises:
            ProcedureError: as :meth:`any`; a name is given twice, or held already.
            PlacesUsedUpError: some are used up by their use, and none is left.
        """
        given = dict(settings or {})
        if not kinds or len(set(kinds)) != len(kinds) or not given.keys() <= set(kinds):
            raise ProcedureError(
                f"lab.all needs names of stations or devices, each once, and settings of these; "
                f"got {', '.join(kinds) or 'none'} and settings of {', '.join(given) or 'none'}"
            )
        known = {**self._resources.device_locks, **self._resources.stations}
        bookings = self._resources.bookings
        unknown = [kind for kind in kinds if kind not in known and not bookings.is_place(kind)]
        if unknown:
            raise ProcedureError(
                f"the lab has no stations or device {', '.join(unknown)}; it has: "
                f"{', '.join(known)}"
            )
        async with self._taken(kinds, given) as names:
            yield names

    @asynccontextmanager
    async def _taken(
        self, kinds: Sequence[str], settings: Mapping[str, Setting]
    ) -> AsyncIterator[tuple[str, ...]]:
        """Hold one of each kind; what is used up is booked when all the others are there."""
        resources, scope = self._resources, self._scope
        known = {**resources.device_locks, **resources.stations}
        held = [kind for kind in kinds if not resources.bookings.is_place(kind)]
        names: dict[str, str] = {}
        async with AsyncExitStack() as stack:
            if held:
                pools = [(known[kind], settings.get(kind)) for kind in held]
                got = await stack.enter_async_context(self._held(pools))
                names |= dict(zip(held, got, strict=True))
            for kind in (kind for kind in kinds if kind not in held):
                scope.note(f"lab.any({kind!r})", harmless=False)
                names[kind] = place = await resources.bookings.take(scope, kind)
                resources.sharing.hold(scope, place)
                stack.callback(resources.sharing.release, scope, place)
            yield tuple(names[kind] for kind in kinds)

    @asynccontextmanager
    async def use(self, name: str, what: "Quantity | int | str") -> AsyncIterator["Booked"]:
        """Book what the block uses up, before it does: ``lab.use("solvent", quantity(1, "mL"))``.

        It stays booked however the block ends: what was poured does not come back.

        Args:
            name: as in ``[consumables.<name>]`` or ``[plates.<name>]`` of the lab file.
            what: a quantity; a whole number of what is counted; the name of a well.

        Yields:
            The well, or the names of the lots that it is taken from.

        Raises:
            ProcedureError: the lab has no such consumable, or no such well; an amount of 0.
            UnitError: the unit does not fit.
            StockError: there is not so much left.
        """
        resources, scope = self._resources, self._scope
        scope.note(f"lab.use({name!r})", harmless=False)
        portions = await resources.bookings.use(scope, name, what)
        if not resources.bookings.is_place(name):
            yield tuple(portion.lot.lot for portion in portions)
            return
        place = Place.of(portions[0])
        resources.sharing.hold(scope, place)
        try:
            yield place
        finally:
            resources.sharing.release(scope, place)

    async def sample(self, kind: str, *, place: str) -> Sample:
        """Make a sample in a place: ``vial = await lab.sample("vial", place="rack.A1")``.

        Args:
            kind: what it is, in a word.
            place: a place, station, device or well of the lab file.

        Raises:
            ProcedureError: the lab has no such place.
            SampleError: another sample is in it.
        """
        self._scope.note(f"lab.sample({kind!r})", harmless=False)
        return await self._resources.samples.make(self._scope, kind, place)

    async def move(self, sample: Sample, to: str, carried: "Awaitable[Any] | None" = None) -> None:
        """Move a sample: ``await lab.move(vial, "hotplate_1", lab.arm.place_vial("hotplate_1"))``.

        The intent is committed first, the end when ``carried`` has returned. If it fails after
        something was sent, the sample is between the two places until a person has looked.

        Args:
            sample: which one.
            to: where to.
            carried: what carries it, an action that is not awaited yet; None where it is there
                already, as when a person has carried it.

        Raises:
            ProcedureError: the lab has no such place.
            SampleError: another sample is there, or it is not known where this one is.
        """
        self._scope.note(f"lab.move(..., {to!r})", harmless=False)
        await self._resources.samples.move(self._scope, sample, to, carried)

    async def discard(self, sample: Sample) -> None:
        """Say that a sample is gone, so that its place is free."""
        self._scope.note("lab.discard", harmless=False)
        await self._resources.samples.discard(self._scope, sample)

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
                had = Occupation(
                    name,
                    0.0,
                    0.0,
                    key=pool.key,
                    experiment_id=who,
                    asked=asked,
                    use=hold.use,
                    setting=station.setting,
                    preparing=hold.seconds,
                )
                stack.enter_context(resources.occupancy.holding(had, scope.held))
                if pool in locks:
                    scope.holding.add(name)
                    stack.callback(scope.holding.discard, name)
            for pool, station in hold.stations.items():
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

    async def later(
        self, name: str, question: str, *, unit: str = "1", simulated: object = None
    ) -> Any:
        """Return a result that comes when the experiment has left the lab, maybe days later.

        ``purity = await lab.later("xrd", "phase purity", unit="%")``: the procedure ends here,
        gives back what it holds, and others go on. ``labloop answer NAME 12 xrd 83.5`` lets it be
        entered again: finished steps give what they gave, and this returns the answer. So what
        comes before stands in steps.

        Args:
            name: of the step, unique in the experiment.
            question: what a person is asked for.
            unit: of the answer: a unit gives a quantity, ``"1"`` a number, ``"text"`` words.
            simulated: the answer in a simulated lab; a person is asked there, too, if left out.

        Raises:
            ProcedureError: something before it stands outside of a step, and would be done again.
            UnitError: the unit is none.
        """
        late = LateResult(name, question, unit)
        return await self._resources.steps.later(self._scope, late, simulated)
