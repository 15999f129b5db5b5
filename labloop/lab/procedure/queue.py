"""Who gets a station or a device next: priorities, a plan, equal settings, then who came first.

Nobody starves: who was passed over ``PASSES`` times goes ahead of all, and what it waits for is
kept for it. Nobody waits for ever: a request that would close a circle of waiting is refused.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace

from labloop.errors import ProcedureError
from labloop.lab.devices import Scope
from labloop.lab.procedure.circles import in_circle
from labloop.lab.procedure.plan import Position, StationState, UsePlan, Visit
from labloop.lab.procedure.requests import Hold, Request, Wait, holders
from labloop.lab.procedure.stations import Setting, Station, StationPool
from labloop.lab.time import Clock

PASSES = 8
"""How often later requests may be served before one that waits, where nobody plans."""
_LATER = 0.01
"""Lab seconds after which something late is looked for: a rounded sum must not be early again."""
_ENCLOSING: ContextVar[tuple[Hold, ...]] = ContextVar("_ENCLOSING", default=())
"""What the running task, and those that wait for it, hold at present."""


class Queue:
    """All that experiments of one lab wait for. Its methods are called in the lab's loop.

    Args:
        clock: lab time.
        pools: the stations of the lab, by kind.
    """

    def __init__(self, clock: Clock, pools: Mapping[str, StationPool]) -> None:
        self._clock = clock
        self._pools = pools
        self._waiting: dict[Request, None] = {}
        self._count = 0
        self._plan = UsePlan()
        self._visits: dict[Scope, list[Visit]] = {}
        """Running experiments -> what each was given."""
        self.on_late: Callable[[], None] | None = None
        """Is called when a planned use is late; None where nobody plans."""
        self._looks: set[float] = set()
        """The lab seconds of the next looks for what is late."""

    async def take(self, scope: Scope, wanted: Sequence[tuple[StationPool, Setting]]) -> Hold:
        """Wait until one station of each pool is free, and take them all at once.

        Raises:
            ProcedureError: a setting does not fit; it would wait for ever.
        """
        settings = {pool: pool.setting(given) for pool, given in wanted}
        self._count += 1
        scope.requests += 1
        self._visits.setdefault(scope, [])
        request = Request(
            scope,
            settings,
            number=self._count,
            use=scope.requests,
            asked=self._clock.now(),
            given=asyncio.get_running_loop().create_future(),
            enclosing=_ENCLOSING.get(),
        )
        self._waiting[request] = None
        self.serve()
        if not request.given.done():
            self._refuse_circle(request)
        try:
            hold = await request.given
        except asyncio.CancelledError:
            self._waiting.pop(request, None)
            if request.given.done() and not request.given.cancelled():
                self.give_back(request.given.result())
            else:
                self.serve()
            raise
        _ENCLOSING.set((*_ENCLOSING.get(), hold))
        return hold

    def give_back(self, hold: Hold) -> None:
        """Give stations back, to those that wait for them."""
        visits = self._visits.get(hold.scope, [])
        visits[:] = [
            replace(each, left=self._clock.now()) if each.use == hold.use else each
            for each in visits
        ]
        _ENCLOSING.set(tuple(each for each in _ENCLOSING.get() if each is not hold))
        now = self._clock.now()
        for pool, station in hold.stations.items():
            pool.take_out(hold, station, now)
            if station.clean_at > now:
                self._clock.at(station.clean_at, self.serve)
        self.serve()

    def follow(self, plan: UsePlan) -> None:
        """Serve requests in the order of a plan from now on, as far as it has them."""
        self._plan = plan
        for scope, visits in self._visits.items():
            for visit in visits:
                plan.begun(scope.experiment_id or "", visit.use)
        self.serve()

    def stations(self) -> Mapping[str, Sequence[StationState]]:
        """Return kind -> how each of its stations stands for its next use."""
        now = self._clock.now()
        return {kind: pool.states(now) for kind, pool in self._pools.items()}

    def positions(self) -> Sequence[Position]:
        """Return how far the running experiments have come that asked for anything."""
        for scope in [each for each in self._visits if each.over]:
            del self._visits[scope]
        waiting = {request.scope for request in self._waiting}
        return [
            Position(scope.experiment_id, tuple(visits), scope in waiting)
            for scope, visits in self._visits.items()
            if scope.experiment_id is not None
        ]

    def waits(self) -> Sequence[Wait]:
        """Return who waits, in order of their requests; may be called from any thread."""
        return [
            Wait(
                request.scope.experiment_id or "the lab",
                request.kinds,
                request.asked,
                holders(request.settings),
                self._kept_for(request),
            )
            for request in self._waiting.copy()
        ]

    def _kept_for(self, request: Request) -> tuple[str, ...]:
        """Return the experiments for which a plan keeps what is free."""
        now = self._clock.now()
        names: dict[str, None] = {}
        for pool, setting in request.settings.items():
            if pool.best(setting, now) is not None:
                ahead = self._plan.ahead(pool.key, self._planned(request), now)
                names |= dict.fromkeys(experiment_id for experiment_id, _ in ahead)
        return tuple(names)

    def serve(self) -> None:
        """Give what is free to those that wait, one after the other."""
        while self._waiting:
            kept: set[StationPool] = set()
            for request in sorted(self._waiting, key=self._rank):
                if self._is_over(request) or self._give(request, kept):
                    break
                if request.passed >= self._passes:
                    kept.update(request.settings)
            else:
                return

    def _is_over(self, request: Request) -> bool:
        if request.given.done():
            del self._waiting[request]
            return True
        return False

    def _give(self, request: Request, kept: Collection[StationPool]) -> bool:
        """Give a request what it asks for and return True, where all of that is free."""
        now = self._clock.now()
        found: dict[StationPool, Station] = {}
        for pool, setting in request.settings.items():
            taken = pool in kept or self._is_planned_for_others(request, pool, now)
            station = None if taken else pool.best(setting, now)
            if station is None:
                return False
            found[pool] = station
        hold = Hold(request.scope, found, request.use, 0.0)
        hold.seconds = max(
            pool.put(hold, station, request.settings[pool], now) for pool, station in found.items()
        )
        del self._waiting[request]
        self._note(hold, now)
        request.given.set_result(hold)
        for other in self._waiting:
            if other.number < request.number and found.keys() & other.settings.keys():
                other.passed += 1
        return True

    def _note(self, hold: Hold, now: float) -> None:
        stations = tuple((pool.key, station.name) for pool, station in hold.stations.items())
        self._visits[hold.scope].append(Visit(hold.use, stations, now, None, hold.seconds))
        self._plan.begun(hold.scope.experiment_id or "", hold.use)

    def _is_planned_for_others(self, request: Request, pool: StationPool, now: float) -> bool:
        """Return whether what is free is kept for experiments that are planned to come first."""
        if request.passed >= self._passes:
            return False
        ahead = self._plan.ahead(pool.key, self._planned(request), now)
        if not ahead or pool.room(request.settings[pool], now) > len(ahead):
            return False
        late = min(ahead.values()) + self._plan.patience + _LATER
        # One look at a moment is enough for all that are kept back: each look asks for the next.
        if late not in self._looks:
            self._looks.add(late)
            self._clock.at(late, self._look_for_late, late)
        return True

    def _look_for_late(self, due: float) -> None:
        """Serve those that were kept back, where what was kept for another one is late."""
        self._looks.discard(due)
        self.serve()
        if self.on_late is not None and self._plan.is_late(due):
            self.on_late()

    def _planned(self, request: Request) -> float:
        """Return the lab second for which a request is planned, else when it came."""
        planned = self._plan.start_of(request.scope.experiment_id or "", request.use)
        return request.asked if planned is None else planned

    @property
    def _passes(self) -> int:
        """How often one may be passed over: a plan may have each of its uses go first once."""
        return max(PASSES, self._plan.size)

    def _rank(self, request: Request) -> tuple[float, ...]:
        """Return what orders requests: the smallest is served first."""
        if request.passed >= self._passes:
            return (0.0, request.number)
        planned = self._planned(request) if self._plan.size else 0.0
        return (1.0, -request.scope.priority, planned, self._unprepared(request), request.number)

    def _unprepared(self, request: Request) -> float:
        """Return the seconds until what is free would be ready at the request's settings."""
        now, seconds = self._clock.now(), 0.0
        for pool, setting in request.settings.items():
            station = pool.best(setting, now) if pool.rules.change_over else None
            if station is not None:
                seconds = max(seconds, pool.preparing(station, setting, now))
        return seconds

    def _refuse_circle(self, request: Request) -> None:
        circle = in_circle(request, list(self._waiting))
        if not circle:
            return
        del self._waiting[request]
        waits = "; ".join(
            f"{each.scope.experiment_id or 'the lab'} waits for {' and '.join(each.kinds)}, "
            f"which {', '.join(holders(each.settings))} has"
            for each in circle
        )
        names = dict.fromkeys(
            pool.kind
            for each in circle
            for pool in (*(p for held in each.enclosing for p in held.stations), *each.settings)
        )
        together = ", ".join(repr(name) for name in names)
        raise ProcedureError(
            f"{waits}: nobody would ever go on; take what is needed together by one "
            f"lab.all({together}), or in the same order everywhere"
        )
