"""Leases: exclusive rights with fencing tokens, taken by conditional update only.

The stored owner is a name with the mark of its process, from which another process on the same
machine can tell whether it still runs. From elsewhere only its silence can be seen
(``beats.py``): no lease expires by itself, but one whose holder is silent can be taken. What
the old holder of a campaign writes afterwards is refused by its token, in the same transaction.
Fencing tokens: M. Kleppmann, Designing Data-Intensive Applications, O'Reilly 2017, chapter 8.
"""

import os
import re
import time
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from labloop.errors import LeaseError
from labloop.processes import boot, host, process_mark, process_start
from labloop.records import LeaseGrant
from labloop.store.engine import Session, Statement, insert_if_new
from labloop.store.repositories.connections import Connections
from labloop.store.repositories.leasing.beats import (
    WATCH_SECONDS,
    Beats,
    Heard,
    beat,
    heard,
)
from labloop.store.schema import LeaseRow, encode, table_of

_LEASE = table_of(LeaseRow)
_INSERT = insert_if_new(_LEASE)
# Run before every action, so the statement is built once.
_HELD = select(_LEASE.c.owner, _LEASE.c.token, _LEASE.c.taken).where(
    _LEASE.c.resource == bindparam("resource")
)
_FIND = Statement(_HELD)
# Shared: whoever takes it waits until this transaction has ended, and reads what it wrote.
_FENCE = Statement(
    select(_LEASE.c.owner, _LEASE.c.token)
    .where(_LEASE.c.resource == bindparam("resource"))
    .with_for_update(read=True)
)
_CAMPAIGN = "campaign:"
_TAKE = Statement(
    update(_LEASE)
    .where(_LEASE.c.resource == bindparam("wanted"), _LEASE.c.token == bindparam("seen"))
    .values(owner=bindparam("new_owner"), token=bindparam("new_token"), taken=bindparam("now"))
)
_RELEASE = Statement(
    update(_LEASE)
    .where(_LEASE.c.resource == bindparam("wanted"), _LEASE.c.token == bindparam("seen"))
    .values(owner="")
)
_STAMP = re.compile(
    r"(?P<name>.*) \[host=(?P<host>\S*) boot=(?P<boot>\S*) pid=(?P<pid>\d+) start=(?P<start>\S*)\]$"
)


@dataclass(frozen=True, slots=True)
class _Holder:
    name: str
    host: str
    boot: str
    pid: int
    start: str

    @classmethod
    def parse(cls, owner: str) -> "_Holder | None":
        found = _STAMP.fullmatch(owner)
        if found is None:
            return None
        name, host, boot, pid, start = found.groups()
        return cls(name, host, boot, int(pid), start)

    @property
    def elsewhere(self) -> bool:
        return self.host != host()

    @property
    def dead(self) -> bool:
        """Whether the process has certainly ended; only known on its own machine."""
        if self.elsewhere:
            return False
        if self.boot != boot():
            return True
        return process_start(self.pid) != self.start


def process_owner(name: str) -> str:
    """Return ``name`` with the stamp of this process, as leases keep it."""
    if _STAMP.fullmatch(name):
        return name
    return f"{name} [{process_mark(os.getpid())}]"


def process_ended(owner: str) -> bool:
    """Return whether the process of an ``owner``, as leases keep it, has certainly ended.

    Only known on its own machine: False elsewhere, and where there is no stamp.
    """
    holder = _Holder.parse(owner)
    return holder is not None and holder.dead


class SqlLeases:
    """Leases in a database; see the port ``Leases``."""

    def __init__(self, db: Connections) -> None:
        self._db = db
        self._beats = Beats(db)
        self._campaigns: dict[str, LeaseGrant] = {}
        """The campaigns that this process runs."""
        db.fence(self._check)

    def acquire(self, resource: str, owner: str, *, take_over: bool = False) -> LeaseGrant:
        """Take a lease, also from an owner whose process is dead; raises LeaseError.

        Args:
            resource: what it is of.
            owner: a name; the process is added to it.
            take_over: take it from a holder on another machine, too, that was not heard for a
                minute, and is not heard while it is watched.
        """
        stamped = encode.text(process_owner(owner), "the owner of a lease")
        name = encode.text(resource, "the name of a resource")
        seen = self._watched(name) if take_over else None
        grant = self._db.submit(lambda session: _acquire(session, name, stamped, seen)).result()
        if grant.resource.startswith(_CAMPAIGN):
            self._campaigns[grant.resource] = grant
        self._beats.begin(grant)
        return grant

    def _watched(self, resource: str) -> Heard | None:
        """Return a silent holder on another machine that was not heard while it was watched."""
        row = self._db.one(_HELD, {"resource": resource})
        holder = None if row is None else _Holder.parse(row["owner"])
        if row is None or holder is None or not holder.elsewhere:
            return None
        before = self._beats.seen(resource, row["token"])
        if before is not None and not before.is_silent:
            return None
        time.sleep(WATCH_SECONDS)
        # One of a labloop that was not heard yet: that it is the same holder must do.
        return before or Heard(row["token"], 0, 0.0)

    def _check(self, session: Session) -> None:
        """Raise LeaseError where a campaign of this process was taken over."""
        for grant in tuple(self._campaigns.values()):
            found = session.one(_FENCE, {"resource": grant.resource})
            if found is None or (found[0], found[1]) != (grant.owner, grant.token):
                holder = _Holder.parse(found[0]) if found is not None else None
                who = "somebody else" if holder is None else f"{holder.name} on {holder.host}"
                raise LeaseError(f"{grant.resource} was taken over by {who}")

    def release(self, grant: LeaseGrant) -> None:
        """Give a lease back; a lease lost to somebody else is left alone."""
        if self._campaigns.get(grant.resource) == grant:
            del self._campaigns[grant.resource]
        self._beats.end(grant)
        values = {"wanted": grant.resource, "seen": grant.token}
        self._db.submit(lambda session: session.run(_RELEASE, values)).result()

    def holds(self, grant: LeaseGrant) -> bool:
        """Return whether the grant's token is still the newest, and not given back."""
        row = self._db.one(_HELD, {"resource": grant.resource})
        return row is not None and (row["token"], row["owner"]) == (grant.token, grant.owner)

    def abandoned(self, resource: str) -> bool:
        """Return whether nobody holds it, or only a process that has certainly ended."""
        row = self._db.one(_HELD, {"resource": resource})
        if row is None or not row["owner"]:
            return True
        holder = _Holder.parse(row["owner"])
        return holder is not None and holder.dead


def _find(session: Session, resource: str) -> tuple[str, int, int]:
    found = session.one(_FIND, {"resource": resource})
    if found is None:
        session.run(_INSERT, {"resource": resource, "owner": "", "token": 0, "taken": 0})
        return "", 0, 0
    owner, token, taken = found
    return owner, token, taken


def _acquire(session: Session, resource: str, owner: str, seen: Heard | None) -> LeaseGrant:
    holder, token, taken = _find(session, resource)
    if holder:
        last = heard(session, resource, token)
        beats = 0 if last is None else last.beats
        if seen is None or (seen.token, seen.beats) != (token, beats):
            _refuse_unless_dead(resource, holder, taken, last)
    return _take(session, resource, owner, token)


def _take(session: Session, resource: str, owner: str, token: int) -> LeaseGrant:
    values = {
        "wanted": resource,
        "seen": token,
        "new_owner": owner,
        "new_token": token + 1,
        "now": encode.now(),
    }
    if session.run(_TAKE, values) != 1:
        raise LeaseError(
            f"{resource} was to be taken by {owner} and somebody else took it at the same moment; "
            "try again when it is free"
        )
    beat(session, resource, token + 1)
    return LeaseGrant(resource=resource, owner=owner, token=token + 1)


def _refuse_unless_dead(resource: str, owner: str, taken: int, last: Heard | None) -> None:
    holder = _Holder.parse(owner)
    if holder is not None and holder.dead:
        return
    moment = encode.from_time(taken)
    since = moment.isoformat(timespec="seconds") if moment else "an unknown time"
    who, way = owner, "end that program or wait for it"
    if holder is not None and holder.elsewhere:
        who = f"{holder.name} on {holder.host} (process {holder.pid})"
        way = _way_elsewhere(last)
    elif holder is not None:
        who = f"{holder.name} (process {holder.pid} on this machine)"
    raise LeaseError(f"{resource} is held by {who} since {since}; {way}")


def _way_elsewhere(last: Heard | None) -> str:
    """Return how to go on where the holder is on another machine."""
    if last is not None and not last.is_silent:
        return f"it was heard {last.silent:.0f} s ago: end it there"
    silent = "was never heard" if last is None else f"was not heard for {_span(last.silent)}"
    return (
        f"it {silent}; whether it still runs cannot be seen from here. Where that machine is "
        "certainly off or cut off, take its place with: labloop resume NAME --take-over"
    )


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
