"""Promise: what threads complete is delivered together and in order of asking."""

import asyncio
from concurrent.futures import Future

from labloop.lab.time.thread_results import ThreadResults


def test_nothing_is_delivered_before_all_have_completed():
    """Promise: then in the order of asking, whoever was first; the loop is woken once."""
    loop, wakes, late, seen = asyncio.new_event_loop(), [], [], []
    try:
        results = ThreadResults(lambda: wakes.append("wake"), late.append)
        assert not results
        futures = [Future() for _ in range(3)]
        for number, future in enumerate(futures):
            waiter = loop.create_future()
            waiter.add_done_callback(lambda _, number=number: seen.append(number))
            results.add(future, waiter)
        for number in (2, 0):
            futures[number].set_result(None)
            assert not results.deliver()
        futures[1].set_result(None)
        assert wakes == ["wake"]
        assert results.deliver()
        loop.run_until_complete(asyncio.sleep(0))
        assert seen == [0, 1, 2]
        assert not results
    finally:
        loop.close()


def test_a_waiter_that_was_cancelled_is_passed_over():
    """Promise: its result is nobody's, and no other waits for it longer than for the thread."""
    loop, late = asyncio.new_event_loop(), []
    try:
        results = ThreadResults(lambda: None, late.append)
        future, waiter = Future(), loop.create_future()
        results.add(future, waiter)
        waiter.cancel()
        future.set_result(None)
        assert results.deliver()
        assert waiter.cancelled()
    finally:
        loop.close()


def test_one_that_takes_too_long_is_released_and_resolved_later():
    """Promise: the others are delivered without it, and its own result is not lost."""
    loop, late = asyncio.new_event_loop(), []
    try:
        results = ThreadResults(lambda: None, late.append)
        slow, quick = Future(), Future()
        waiting, served = loop.create_future(), loop.create_future()
        results.add(slow, waiting, patience=0.0)
        results.add(quick, served)
        quick.set_result(None)
        assert not results.deliver()
        assert results.patience() == 0.0
        results.release_late()
        assert results.deliver()
        assert (served.done(), waiting.done(), late) == (True, False, [])
        slow.set_result(None)
        assert late == [waiting]
        assert results.patience() is None
    finally:
        loop.close()
