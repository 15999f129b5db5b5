"""Promise: calls that block happen in order, urgent ones first."""

import threading

from labloop.lab.transports.port_thread import PortThread


def test_an_urgent_call_goes_ahead_of_the_queue():
    """Promise: the safe state does not stand in line."""
    thread, seen, release = PortThread("x"), [], threading.Event()
    thread.submit(lambda: release.wait(5))
    for number in range(3):
        last = thread.submit(lambda n=number: seen.append(n))
    thread.submit(lambda: seen.append("safe"), urgent=True)
    release.set()
    last.result(5)
    thread.close()
    assert seen == ["safe", 0, 1, 2]
