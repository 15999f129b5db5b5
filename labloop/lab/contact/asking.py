"""Asks who answers on a line: the question of one driver's ``identify``, and nothing else."""

import re
from dataclasses import dataclass
from typing import Any

from labloop.errors import DefinitionError, DeviceError, LabFileError, NotConnectedError
from labloop.lab.configuration import DRIVERS, find_driver, installed, lab_file_of
from labloop.lab.devices import ActionCall, Device, DeviceContext, FirstContact
from labloop.lab.host import InstrumentLocks
from labloop.lab.time import Clock, LabLoop
from labloop.lab.transports import RECORDER, Recorder, Transport, open_transport
from labloop.records import DeviceIdentity

ANSWER_SECONDS = 3.0
"""Seconds that one question may take."""
_NAME = "unknown"
"""The device's name while nobody knows what it is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A driver whose question any port may be asked."""

    name: str
    """As a lab file names it."""
    driver: type[Device]
    contact: FirstContact


class _NoActions:
    """Refuses every action: whoever only identifies changes nothing."""

    async def run(self, call: ActionCall[Any]) -> Any:
        """Raise DefinitionError."""
        raise DefinitionError(f"{call.description} is no question; identify may only ask")


def drivers_to_ask() -> list[Asked]:
    """Return the installed drivers that declare a :class:`FirstContact`, by name.

    A driver that cannot be imported is left out: it is told by ``labloop doctor``.
    """
    found = []
    for name in sorted(installed(DRIVERS)):
        try:
            driver = find_driver(name)
        except LabFileError:
            continue
        if driver.first_contact is not None:
            found.append(Asked(name, driver, driver.first_contact))
    return found


def ask_identity(asked: Asked, url: str, user: str) -> tuple[DeviceIdentity | None, list[bytes]]:
    """Open a line, ask one driver's question, and close it.

    Args:
        asked: the driver.
        url: ``serial://...`` with its settings, or any other line of bytes.
        user: who asks, told to whoever wants the line meanwhile.

    Returns:
        Who answered, None where nobody did as this driver expects; and the frames that were sent.

    Raises:
        LeaseError: another program of this machine drives the line.
        NotConnectedError: the line cannot be opened.
        LabFileError: the url cannot be used.
    """
    tables = {"driver": asked.name, "url": url, "options": dict(asked.contact.options)}
    lab_file = lab_file_of({"lab": {"name": "scan"}, "devices": {_NAME: tables}})
    locks = InstrumentLocks(lab_file, {_NAME: asked.driver}, user, "labloop devices scan")
    recorder = Recorder()
    locks.take()
    loop = LabLoop()
    try:
        found = loop.run_until_complete(_ask(asked, url, Clock(loop), recorder))
    finally:
        loop.close()
        locks.release()
    return found, list(recorder.sent)


async def _ask(asked: Asked, url: str, clock: Clock, recorder: Recorder) -> DeviceIdentity | None:
    RECORDER.set(recorder)
    transport = open_transport(url, clock, device=asked.name)
    try:
        await transport.drain()
        return await identify_on(transport, asked, clock)
    finally:
        await transport.close()


async def identify_on(transport: Transport, asked: Asked, clock: Clock) -> DeviceIdentity | None:
    """Return who answers one driver's question on an open line, None where it is not for it.

    Raises:
        NotConnectedError: the line is lost.
    """
    context = DeviceContext(clock, _NoActions(), _NAME)
    device = asked.driver(_NAME, transport, asked.contact.options, context)
    try:
        async with clock.deadline(ANSWER_SECONDS, f"asking {transport.url}"):
            found = await device.identify()
    except NotConnectedError:
        raise
    except DeviceError:
        return None
    told = f"{found.model} {found.firmware}"
    return found if re.search(asked.contact.recognises, told, re.IGNORECASE) else None
