"""Meeting an instrument: who it is, at the connect and whenever its line comes back."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from labloop.errors import DeviceTimeoutError, ProtocolError
from labloop.lab.devices import Device
from labloop.lab.transports import Recorder, Resync, until
from labloop.records import Alarm, DeviceIdentity

T = TypeVar("T")


async def connect_and_identify(device: Device, recorder: Recorder) -> DeviceIdentity:
    """Connect and identify; what one lost answer spoilt is done once more.

    A driver that does not say how its line is brought back into step is taken at its identity:
    one question whose answer came twice the same, and tells model, firmware or serial number,
    is recognised again.

    Args:
        device: is connected.
        recorder: gets the frames of this task.

    Raises:
        DeviceError: it cannot be used.
    """

    async def work() -> DeviceIdentity:
        await device.connect()
        sent, received = len(recorder.sent), len(recorder.received)
        found = await device.identify()
        asked, told = recorder.sent[sent:], recorder.received[received:]
        if len(asked) == len(told) == 1 and asked[0] in recorder.sent[:sent]:
            again = told[0] in recorder.received[:received]
            if again and device.transport.resync is None and _tells(found, told[0]):
                device.transport.resync = Resync(asked[0], until(told[0]))
        return found

    return await _once_more(work)


async def identify_again(device: Device, on_alarm: Callable[[Alarm], object]) -> None:
    """Identify an instrument whose line was lost, before anything else is sent to it.

    Nothing is set anew: what an instrument was told before may be lost, and is said.

    Raises:
        WrongDeviceError: another instrument answers.
        DeviceError: it cannot be used.
    """
    found = await _once_more(device.identify)
    device.check_identity(found)
    message = (
        f"the line of {device.name} was lost and is open again; {found.model or 'its instrument'} "
        f"{found.serial_number} answers. Nothing was set anew: what it was told before the loss "
        "may be gone"
    ).replace("  ", " ")
    on_alarm(Alarm("line-back", message, data={"device": device.name}))


async def _once_more(work: Callable[[], Awaitable[T]]) -> T:
    try:
        return await work()
    except (DeviceTimeoutError, ProtocolError):
        return await work()


def _tells(found: DeviceIdentity, reply: bytes) -> bool:
    """Return whether ``reply`` can be told from a value: it has a word of the identity."""
    text = reply.decode("latin-1")
    words = (found.serial_number, found.model, found.firmware)
    return any(len(word) > 1 and word in text and not _is_number(word) for word in words)


def _is_number(word: str) -> bool:
    return not any(letter.isalpha() for letter in word)
