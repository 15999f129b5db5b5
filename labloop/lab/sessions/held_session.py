"""What a host knows of one campaign that uses it."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from labloop.lab.devices import Scope
from labloop.lab.remote import RUNNING, Answer, Request
from labloop.lab.sessions.pace import Pace

_ANSWERS = 1000
"""Answers of a session that are kept in memory; the record has all that changed anything."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who uses devices, as it is told to whoever asks for the same ones."""

    campaign: str
    user: str
    place: str
    """The machine, and the process on it."""

    def __str__(self) -> str:
        return f"campaign {self.campaign!r} of {self.user} ({self.place})"


@dataclass(slots=True, eq=False)
class HeldSession:
    """The devices that a campaign holds, and what it has asked for."""

    id: str
    token: int
    """The fencing token: whatever comes with another one is refused just before the bytes."""
    asker: Asker
    devices: tuple[str, ...]
    """With kinds of stations."""
    since: float
    """Second of wall time."""
    pace: Pace | None
    """None in real time."""
    heard: float = field(default_factory=time.monotonic)
    """Second of the monotonic clock at which it was last heard."""
    over: str = ""
    """Why it has ended; empty while it holds its devices."""
    unsafe: set[str] = field(default_factory=set)
    """Devices that were told something after they were last made safe."""
    requests: dict[str, Request] = field(default_factory=dict)
    """Every request that came, so that none is carried out twice."""
    answers: "OrderedDict[str, Answer]" = field(default_factory=OrderedDict)
    ended: "dict[str, asyncio.Event]" = field(default_factory=dict)
    """Request under way -> set when it has ended."""
    step: int = 0
    """The number of the latest step of lab time."""

    def key(self, request_id: str) -> str:
        """Return the id under which the host's record keeps a request."""
        return action_key(self.token, request_id)

    def answer(self, request_id: str) -> Answer | None:
        """Return what is known of a request in memory."""
        if request_id in self.ended:
            return RUNNING
        return self.answers.get(request_id)

    def keep(self, request_id: str, answer: Answer) -> None:
        """Keep an answer for whoever asks again."""
        self.answers[request_id] = answer
        while len(self.answers) > _ANSWERS:
            self.answers.popitem(last=False)


@dataclass(slots=True, eq=False)
class RequestScope(Scope):
    """On behalf of one request of a session; its intents are numbered below its key."""

    session: HeldSession | None = None
    request_key: str = ""

    def next_id(self, device: str) -> str:  # noqa: ARG002 - the request says which
        """Return the id of the next intent."""
        self.count += 1
        return f"{self.request_key}-a{self.count:03d}"


def action_key(token: int, request_id: str) -> str:
    """Return the id of a request in the host's record: fencing token and the campaign's id."""
    return f"{token}:{request_id}"
