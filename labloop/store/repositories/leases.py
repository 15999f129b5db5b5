"""Leases: exclusive rights with fencing tokens, taken by conditional update only.

The stored owner is a name with the mark of its process, from which another process on the same
machine can tell whether it still runs. There is no expiry: wall time is never compared. Fencing
tokens: M. Kleppmann, Designing Data-Intensive Applications, O'Reilly 2017, chapter 8.
"""

import os
import re
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from labloop.errors import LeaseError
from labloop.processes import boot, host, process_mark, process_start
from labloop.records import LeaseGrant
from labloop.store.engine import Session, Statement, insert_if_new
from labloop.store.repositories.connections import Connections
from labloop.store.schema import LeaseRow, encode, table_of

_LEASE = table_of(LeaseRow)
_INSERT = insert_if_new(_LEASE)
# Run before every action, so the statement is built once.
_HELD = select(_LEASE.c.owner, _LEASE.c.token, _LEASE.c.taken).where(
    _LEASE.c.resource == bindparam("resource")
)
_FIND = Statement(_HELD)
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

    def acquire(self, resource: str, owner: str) -> LeaseGrant:
        """Take a lease, also from an owner whose process is dead; raises LeaseError.

        ``owner`` is a name; the process is added to it.
        """
        stamped = encode.text(process_owner(owner), "the owner of a lease")
        name = encode.text(resource, "the name of a resource")
        return self._db.submit(lambda session: _acquire(session, name, stamped)).result()

    def release(self, grant: LeaseGrant) -> None:
        """Give a lease back; a lease lost to somebody else is left alone."""
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

    def break_lease(self, resource: str, owner: str) -> LeaseGrant:
        """Take a lease from whoever holds it, because a person knows that the holder is dead.

        The old holder's token is stale from then on.
        """
        stamped = encode.text(process_owner(owner), "the owner of a lease")
        return self._db.submit(
            lambda session: _take(session, resource, stamped, _find(session, resource)[1])
        ).result()


def _find(session: Session, resource: str) -> tuple[str, int, int]:
    found = session.one(_FIND, {"resource": resource})
    if found is None:
        session.run(_INSERT, {"resource": resource, "owner": "", "token": 0, "taken": 0})
        return "", 0, 0
    owner, token, taken = found
    return owner, token, taken


def _acquire(session: Session, resource: str, owner: str) -> LeaseGrant:
    holder, token, taken = _find(session, resource)
    if holder:
        _refuse_unless_dead(resource, holder, taken)
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
    return LeaseGrant(resource=resource, owner=owner, token=token + 1)


def _refuse_unless_dead(resource: str, owner: str, taken: int) -> None:
    holder = _Holder.parse(owner)
    if holder is not None and holder.dead:
        return
    moment = encode.from_time(taken)
    since = moment.isoformat(timespec="seconds") if moment else "an unknown time"
    if holder is None:
        who, way = owner, "end that program, or break the lease where it is certainly dead"
    elif holder.elsewhere:
        who = f"{holder.name} on {holder.host} (process {holder.pid})"
        way = (
            "whether it still runs cannot be seen from here: end it there, or, where that machine "
            "is certainly off, break the lease with repositories.leases.break_lease"
        )
    else:
        who = f"{holder.name} (process {holder.pid} on this machine)"
        way = "end that program or wait for it"
    raise LeaseError(f"{resource} is held by {who} since {since}; {way}")
