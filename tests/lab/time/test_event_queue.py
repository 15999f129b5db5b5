"""Promise: events come by lab second, then in the order in which they were scheduled."""

import asyncio
import math

from labloop.lab.time.event_queue import EventQueue


def test_events_come_by_time_then_by_order():
    """Promise: at the same second, what was scheduled first comes first."""
    queue, seen = EventQueue(), []
    for order, (when, name) in enumerate([(2.0, "c"), (1.0, "a"), (1.0, "b")]):
        queue.add(when, order, seen.append, (name,))
    while queue.next_time() < math.inf:
        queue.fire()
    assert seen == ["a", "b", "c"]
    assert queue.next_key() == (math.inf, 0)


def test_a_cancelled_waiter_is_dropped():
    """Promise: nobody waits for it any more, so lab time does not go there."""
    loop = asyncio.new_event_loop()
    try:
        waiter = loop.create_future()
        queue = EventQueue()
        queue.add(1.0, 1, lambda: None, (), waiter)
        queue.add(2.0, 2, lambda: None, ())
        assert queue.comes_before(1.0)
        waiter.cancel()
        assert queue.next_time() == 2.0
        assert not queue.comes_before(1.0)
    finally:
        loop.close()
