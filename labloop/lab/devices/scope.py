"""On whose behalf something happens: one experiment, or the lab itself."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from labloop.errors import NotAwaitedError
from labloop.records import JournalEntry, Json


class OpenCall(Protocol):
    """What a scope asks of an action that was called in it."""

    task: asyncio.Task[Any] | None
    """The task that carries it out."""

    @property
    def begun(self) -> bool:
        """Whether anybody awaited it."""
        ...

    @property
    def description(self) -> str:
        """The call with file and line."""
        ...


@dataclass(slots=True, eq=False)
class Scope:
    """One experiment while it runs; ``experiment_id`` is None for what the lab does itself."""

    campaign_id: str
    experiment_id: str | None = None
    actor: str = "labloop"
    start: int = 0
    """Counts the starts of the process, so that what the lab does itself never takes an old id."""
    count: int = 0
    """Intents so far, those of an earlier process included."""
    finished: Mapping[str, Json] = field(default_factory=dict)
    """Steps that an earlier process finished: name -> result."""
    calls: dict[OpenCall, None] = field(default_factory=dict)
    """Actions that were called and are not yet over."""
    steps: set[str] = field(default_factory=set)
    """Names of the steps that were entered."""
    holding: set[str] = field(default_factory=set)
    """Devices that the experiment has to itself."""
    blocks: dict[str, None] = field(default_factory=dict)
    """Devices and stations whose ``exclusive`` and ``any`` blocks are open, outermost first."""
    uses: dict[str, str] = field(default_factory=dict)
    """Device -> the block that ends its use; empty where only the experiment's end does."""
    over: bool = False
    """Whether the experiment has ended."""
    given_up: str = ""
    """Why it may do nothing any more: it still ran when the lab was made safe; empty before."""

    def next_id(self, device: str) -> str:
        """Return the id of the next intent, the same in every run of a seed."""
        self.count += 1
        if self.experiment_id is not None:
            return f"{self.experiment_id}-a{self.count:03d}"
        return f"{self.campaign_id}-{device}-s{self.start}-{self.count:03d}"

    def check_awaited(self) -> None:
        """Raise NotAwaitedError where an action was called and is not over."""
        if not self.calls:
            return
        calls = list(self.calls)
        self.calls.clear()
        raise not_awaited(calls)


def not_awaited(calls: Iterable[OpenCall]) -> NotAwaitedError:
    """Return the error that names the calls and what to do."""
    descriptions = "; ".join(call.description for call in calls)
    return NotAwaitedError(
        f"not awaited: {descriptions}. An action happens only where it is awaited: write `await` "
        "before it"
    )


def start_number(entries: Sequence[JournalEntry]) -> int:
    """Return the number of this start: one more than any that left an intent of its own."""
    own = [e.intent.id for e in entries if e.intent.experiment_id is None]
    return 1 + max((_start_of(intent_id) for intent_id in own), default=0)


def _start_of(intent_id: str) -> int:
    mark = intent_id.rsplit("-", 2)[-2]
    return int(mark[1:]) if mark[:1] == "s" and mark[1:].isdigit() else 0


def action_number(intent_id: str) -> int:
    """Return which of its experiment's an intent was."""
    mark = intent_id.rsplit("-", 1)[-1]
    return int(mark[1:]) if mark[:1] == "a" and mark[1:].isdigit() else 0


SCOPE: ContextVar[Scope | None] = ContextVar("SCOPE", default=None)
"""The scope of the running task."""
