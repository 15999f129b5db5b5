"""Leases: the exclusive right to change a campaign, and to command each device of a real lab."""

import getpass
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from labloop.errors import LeaseError
from labloop.lab import LabFile, LeaseCheck
from labloop.records import CampaignRecord, CampaignState, LeaseGrant, Mode, Repositories


def current_user() -> str:
    """Return the user name of this process, for the actor of every row."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


@contextmanager
def campaign_lease(
    repositories: Repositories, record: CampaignRecord, actor: str, *, take_over: bool = False
) -> Iterator[None]:
    """Hold the right to give numbers to a campaign's experiments.

    Args:
        repositories: where leases are kept.
        record: the campaign.
        actor: who asks.
        take_over: take it from a process on another machine that is silent, too.

    Raises:
        LeaseError: another process has it, and the message says who.
    """
    grant = repositories.leases.acquire(_resource(record), actor, take_over=take_over)
    try:
        yield
    finally:
        repositories.leases.release(grant)


def is_unattended(repositories: Repositories, record: CampaignRecord) -> bool:
    """Return whether it is certain that no process runs a campaign."""
    return repositories.leases.abandoned(_resource(record))


def is_interrupted(repositories: Repositories, record: CampaignRecord) -> bool:
    """Return whether a campaign that runs by itself ought to go on and no process is at it."""
    runs = record.state is CampaignState.RUNNING and bool(record.spec.get("procedure"))
    return runs and is_unattended(repositories, record)


def _resource(record: CampaignRecord) -> str:
    return f"campaign:{record.id}"


@contextmanager
def device_leases(
    repositories: Repositories,
    lab_file: LabFile,
    mode: Mode,
    actor: str,
    *,
    take_over: bool = False,
) -> Iterator[LeaseCheck | None]:
    """Hold a lease on every device of a real lab; a simulated lab is its process's own.

    What is yielded asks the database anew each time, in a thread: the lab never waits for it.

    Raises:
        LeaseError: another campaign commands one of the devices; nothing was sent.
    """
    if mode is Mode.SIMULATED:
        yield None
        return
    with ExitStack() as stack:
        reader = stack.enter_context(ThreadPoolExecutor(1, "labloop-leases"))
        grants: dict[str, LeaseGrant] = {}
        for name, table in lab_file.devices.items():
            # Two lab files may name one instrument differently, so its own number counts.
            resource = f"device:{table.driver}:{table.serial_number or table.url}"
            grants[name] = repositories.leases.acquire(resource, actor, take_over=take_over)
            stack.callback(repositories.leases.release, grants[name])

        def token(device: str) -> int:
            if not repositories.leases.holds(grants[device]):
                raise LeaseError(
                    f"{device} was taken over by somebody else, so it is not commanded any more; "
                    "see who holds it before the campaign goes on"
                )
            return grants[device].token

        def check(device: str) -> Future[int]:
            return reader.submit(token, device)

        yield check
