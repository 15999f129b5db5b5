"""Promise: the lock is fair, urgent tasks go first, and it is never lost."""

import asyncio

from labloop.lab.time.priority_lock import URGENT, PriorityLock
from labloop.lab.time.simulated import SimulatedLoop


def test_a_lock_handed_to_a_cancelled_task_is_handed_on():
    """Promise: it is not lost between release and acquisition."""
    loop = SimulatedLoop()

    async def work():
        lock = PriorityLock()
        await lock.acquire()
        tasks = [asyncio.create_task(lock.acquire()) for _ in range(2)]
        await asyncio.sleep(0)
        lock.release()
        tasks[0].cancel()
        await asyncio.wait(tasks)
        lock.release()
        return tasks[1].done() and not tasks[1].cancelled(), lock.locked

    try:
        assert loop.run_until_complete(work()) == (True, False)
    finally:
        loop.close()


def test_urgent_tasks_go_ahead_and_the_others_keep_their_order():
    """Promise: a safe state waits for the task that has the lock, and for no other."""
    loop, seen = SimulatedLoop(), []

    async def one(lock, name, *, urgent=False):
        URGENT.set(urgent)
        async with lock:
            seen.append(name)
            await asyncio.sleep(1)

    async def work():
        lock = PriorityLock()
        async with asyncio.TaskGroup() as group:
            for name in ("first", "second", "third"):
                group.create_task(one(lock, name))
            group.create_task(one(lock, "safe", urgent=True))

    try:
        loop.run_until_complete(work())
    finally:
        loop.close()
    assert seen == ["first", "safe", "second", "third"]
