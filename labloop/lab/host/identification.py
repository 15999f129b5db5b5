"""Identifies an instrument, at the connect and whenever its line is open again."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from labloop.errors import DeviceTimeoutError, ProtocolError
from labloop.lab.devices import Device
from labloop.lab.transports import Recorder, Resync, until
from labloop.records import Alarm, DeviceIdentity

T = TypeVar("T")


async def connect_and_identify(device: Device, recorder: Recorder) -> DeviceIdentity:
    """Connect and identify a device; where an answer is lost, once more.

    A driver that sets no :class:`~labloop.lab.Resync` gets one from its identity: a question
    that was answered twice in the same words, with model, firmware or serial number in them, is
    recognised again.

    Args:
        device: is connected.
        recorder: records the frames of this task.

    Raises:
        DeviceError: it cannot be used.
    """

    async def work() -> DeviceIdentity:
        await device.connect()
        sent, received = len(recorder.sent), len(recorder.received)
        found = await device.identify()
        questions, answers = recorder.sent[sent:], recorder.received[received:]
        _check_echo(device, recorder)
        if len(questions) == len(answers) == 1 and questions[0] in recorder.sent[:sent]:
            same = answers[0] in recorder.received[:received]
            if same and device.transport.resync is None and _is_distinct(found, answers[0]):
                device.transport.resync = Resync(questions[0], until(answers[0]))
        return found

    try:
        return await _twice(work)
    except ProtocolError:
        _check_echo(device, recorder)
        raise


def _check_echo(device: Device, recorder: Recorder) -> None:
    """Raise ProtocolError where the last answer is the last question."""
    if not recorder.sent or not recorder.received or device.schemes:
        return
    sent, received = recorder.sent[-1].strip(), recorder.received[-1].strip()
    if sent and received == sent:
        raise ProtocolError(
            f"{device.name} at {device.transport.url}: the line sends back what is sent to it, so "
            f"{sent!r} came in place of an answer; switch the echo off, at the instrument or at "
            "the adapter (RS-485)"
        )


async def identify_again(device: Device, on_alarm: Callable[[Alarm], object]) -> None:
    """Identify an instrument whose line was lost, before anything else is sent to it.

    Its settings are not repeated; an alarm says that they may be lost.

    Raises:
        WrongDeviceError: another instrument answers.
        DeviceError: it cannot be used.
    """
    found = await _twice(device.identify)
    device.check_identity(found)
    message = (
        f"the line of {device.name} was lost and is open again; {found.model or 'its instrument'} "
        f"{found.serial_number} answers. Nothing was set anew: what it was told before the loss "
        "may be gone"
    ).replace("  ", " ")
    on_alarm(Alarm("line-back", message, data={"device": device.name}))


async def _twice(work: Callable[[], Awaitable[T]]) -> T:
    """Carry ``work`` out, once more where an answer is lost or spoiled."""
    try:
        return await work()
    except (DeviceTimeoutError, ProtocolError):
        return await work()


def _is_distinct(found: DeviceIdentity, reply: bytes) -> bool:
    """Return whether ``reply`` cannot be taken for a value: it has a word of the identity."""
    text = reply.decode("latin-1")
    words = (found.serial_number, found.model, found.firmware)
    return any(len(word) > 1 and word in text and not _is_number(word) for word in words)


def _is_number(word: str) -> bool:
    return not any(letter.isalpha() for letter in word)
