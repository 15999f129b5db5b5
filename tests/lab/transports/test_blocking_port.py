"""Promise: whatever a port raises is a lost line, which is tried again ever more seldom."""

import pytest

from labloop.errors import NotConnectedError
from labloop.lab import Clock
from labloop.lab.time.lab_loop import LabLoop
from labloop.lab.transports.blocking_port import BlockingPort
from labloop.lab.transports.port import PortTransport


class OddError(Exception):
    """As ``termios.error``, which is no OSError."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OddError(5, "Input/output error"), r"is dead \(Input/output error\)"),
        (OSError(5, "Input/output error"), r"is dead \(Input/output error\)"),
        (ConnectionResetError(104, "Connection reset by peer"), r"\(Connection reset by peer\)"),
        (TypeError("'NoneType' object cannot be interpreted"), r"\('NoneType' object cannot"),
        (EOFError(), r"is dead \(EOFError\)"),
    ],
)
@pytest.mark.parametrize("where", ["read", "write", "in_waiting", "open"])
def test_whatever_a_port_raises_is_one_sentence(monkeypatch, where, error, told):
    """Promise: the line, what the system says in words, and what to do; no number, no traceback."""

    class Port:
        timeout = 0.1

        def __getattribute__(self, name):
            if name == where:
                raise error
            if name == "_socket":
                raise AttributeError(name)
            return {"in_waiting": 1, "write": len, "read": bytes, "close": lambda: None}[name]

    def opened(self):
        if where == "open":
            raise error
        return Port()

    monkeypatch.setattr(BlockingPort, "_open_port", opened)

    async def work():
        port = PortTransport("serial://COM7", Clock(loop), device="bath")
        with pytest.raises(NotConnectedError, match=told) as caught:
            await port.exchange(b"T?\n", complete=lambda buffer: 0, timeout=0.2)
        await port.close()
        return str(caught.value)

    loop = LabLoop()
    try:
        message = loop.run_until_complete(work())
    finally:
        loop.close()
    assert message.startswith("bath: the line serial://COM7 is dead (")
    assert "check cable and power" in message
    assert "Errno" not in message


def test_a_dead_line_is_tried_ever_more_seldom(monkeypatch):
    """Promise: nobody hammers on a line; the clock of the lab says when."""
    now, tries = [0.0], []

    def opened(self):
        tries.append(now[0])
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(BlockingPort, "_open_port", opened)
    port = BlockingPort("serial://COM7", lambda: now[0])
    while now[0] < 10.0:
        with pytest.raises(NotConnectedError):
            port.open("bath", at_once=False)
        now[0] += 0.125
    assert tries == [0.0, 0.5, 1.5, 3.5, 7.5]
    with pytest.raises(NotConnectedError, match="No such file"):
        port.open("bath", at_once=True)
