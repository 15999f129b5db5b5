"""Scopes: on whose behalf an action happens, one experiment or the lab itself."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from labloop.errors import DeviceError, NotAwaitedError
from labloop.records import JournalEntry, Json, Occupation


class OpenCall(Protocol):
    """A call of an action, as its scope sees it."""

    task: asyncio.Task[Any] | None
    """The task that carries it out."""

    @property
    def begun(self) -> bool:
        """Whether it was awaited."""
        ...

    @property
    def description(self) -> str:
        """The call with its file and line."""
        ...


@dataclass(slots=True, eq=False)
class Scope:
    """One experiment while it runs, or the lab itself, without an ``experiment_id``."""

    campaign_id: str
    experiment_id: str | None = None
    actor: str = "labloop"
    start: int = 0
    """Which start of the campaign's process it is, so that the lab's own ids are never reused."""
    priority: int = 0
    """Of its campaign: the greater one is served first where several wait."""
    requests: int = 0
    """Requests for stations and devices so far."""
    count: int = 0
    """Intents so far, with those of an earlier process."""
    finished: Mapping[str, Json] = field(default_factory=dict)
    """Name -> result of the steps that an earlier process finished."""
    calls: dict[OpenCall, None] = field(default_factory=dict)
    """Actions that were called and have not ended."""
    steps: set[str] = field(default_factory=set)
    """Names of the steps that were entered."""
    holding: set[str] = field(default_factory=set)
    """Devices that the experiment has to itself."""
    blocks: dict[str, None] = field(default_factory=dict)
    """Devices and stations whose ``exclusive`` and ``any`` blocks are open, outermost first."""
    uses: dict[str, str] = field(default_factory=dict)
    """Device -> the block that ends its use; empty where only the experiment's end does."""
    outside: dict[str, None] = field(default_factory=dict)
    """What it did outside of all steps and would do again if it were entered once more."""
    awaits: str = ""
    """The late result that it waits for, in words; empty while it waits for none."""
    simulated: dict[str, str] = field(default_factory=dict)
    """Late result -> what it is in a simulated lab."""
    open_late: frozenset[str] = frozenset()
    """Late results that were asked for by an earlier entry and have not come."""
    used: set[str] = field(default_factory=set)
    """Devices and stations that it used so far."""
    held: list[Occupation] = field(default_factory=list)
    """Stations and devices that it had and has given back."""
    retry_after: Callable[[DeviceError], float | None] = lambda _: None
    """Lab seconds after which an action that failed so is sent again; None where it is not."""
    over: bool = False
    """Whether the experiment has ended."""
    given_up: str = ""
    """Why nothing that it asks for is sent any more; empty while it may act."""

    def next_id(self, device: str) -> str:
        """Return the id of the next intent; it is the same in every run of a seed."""
        self.count += 1
        if self.experiment_id is not None:
            return f"{self.experiment_id}-a{self.count:03d}"
        return f"{self.campaign_id}-{device}-s{self.start}-{self.count:03d}"

    def note(self, what: str, *, harmless: bool) -> str:
        """Note that something is done, and return the step in which that is; empty for none."""
        step = STEP.get()
        if not step and not harmless:
            self.outside[what] = None
        return step

    def station_of(self, device: str) -> str:
        """Return the station, or the block, in which a device is used; empty where in none."""
        used = self.uses.get(device, "")
        return used or (device if device in self.blocks else next(iter(self.blocks), ""))

    def check_awaited(self) -> None:
        """Raise NotAwaitedError where an action was called and has not ended."""
        if not self.calls:
            return
        calls = list(self.calls)
        self.calls.clear()
        raise not_awaited(calls)


def not_awaited(calls: Iterable[OpenCall]) -> NotAwaitedError:
    """Return the error that names ``calls`` and says what to do."""
    descriptions = "; ".join(call.description for call in calls)
    return NotAwaitedError(
        f"not awaited: {descriptions}. An action happens only where it is awaited: write `await` "
        "before it"
    )


def start_number(entries: Sequence[JournalEntry]) -> int:
    """Return which start of the campaign's process this is, from the lab's own intents."""
    own = [e.intent.id for e in entries if e.intent.experiment_id is None]
    return 1 + max((_start_of(intent_id) for intent_id in own), default=0)


def _start_of(intent_id: str) -> int:
    mark = intent_id.rsplit("-", 2)[-2]
    return int(mark[1:]) if mark[:1] == "s" and mark[1:].isdigit() else 0


def action_number(intent_id: str) -> int:
    """Return the number of an intent within its experiment; 0 for the lab's own."""
    mark = intent_id.rsplit("-", 1)[-1]
    return int(mark[1:]) if mark[:1] == "a" and mark[1:].isdigit() else 0


STEP: ContextVar[str] = ContextVar("STEP", default="")
"""The step that the running task is in; empty outside of all."""
SCOPE: ContextVar[Scope | None] = ContextVar("SCOPE", default=None)
"""The scope of the running task."""

INTENT_ID: ContextVar[str] = ContextVar("INTENT_ID", default="")
"""The id of the committed intent whose bytes are being sent; empty outside of an action."""
