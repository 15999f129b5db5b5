"""Promise: after a time-out or a cancellation the line is in step before the next question."""

import pytest
from lab_toys import LINE, ToyEmulator

from labloop.errors import DeviceTimeoutError
from labloop.lab import Clock, Resync, until
from labloop.lab.time.simulated import SimulatedLoop
from labloop.lab.transports.emulated import EmulatedChannel
from labloop.lab.transports.pending_answers import PendingAnswers
from labloop.lab.transports.recorder import Recorder
from labloop.lab.transports.resynchronizer import Resynchronizer
from labloop_simulators.kit import Fault, TruthLog

NAME = Resync(b"ID\n", until(b"toy T-t\n"))


def on_channel(work, *faults, resync=None):
    """Run ``work(channel, resynchronizer, pending)`` on a line whose first answer is pending."""
    emulator = ToyEmulator("t", TruthLog())
    for fault in faults:
        emulator.faults.add(fault)
    loop = SimulatedLoop()

    async def main():
        channel, pending = EmulatedChannel(emulator, Clock(loop)), PendingAnswers(resync)
        pending.add(b"GET\n", LINE, channel.clock.now())
        await channel.write(b"GET\n", Recorder())
        return await work(channel, Resynchronizer(channel, pending), pending)

    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


@pytest.mark.parametrize("resync", [None, NAME])
def test_a_late_answer_is_consumed_before_the_next_question(resync):
    """Promise: nothing is pending and nothing is in the buffer when it may be sent."""

    async def work(channel, resynchronizer, pending):
        assert not await resynchronizer.synchronize(b"SAFE\n", 5.0)
        return bool(pending), channel.buffer, channel.clock.now()

    pending, buffer, now = on_channel(work, Fault("delay", at=1, seconds=1.0), resync=resync)
    assert (pending, buffer) == (False, b"")
    assert 1.0 < now < 1.5


def test_an_answer_that_stays_pending_is_refused_at_the_deadline():
    """Promise: the error names the question, and the line keeps waiting for its answer."""

    async def work(channel, resynchronizer, pending):
        with pytest.raises(DeviceTimeoutError, match=r"owes the answer to b'GET\\n'"):
            await resynchronizer.synchronize(b"SAFE\n", 2.0)
        return bool(pending), channel.clock.now()

    pending, now = on_channel(work, Fault("drop", at=1))
    assert pending
    assert now == pytest.approx(2.0)


def test_an_urgent_question_gets_the_last_answer():
    """Promise: it is sent at once, and the pending answers before its own are passed over."""

    async def work(channel, resynchronizer, pending):
        recorder = Recorder()
        await resynchronizer.send_ahead(b"SAFE\n", LINE, recorder)
        answer = await resynchronizer.last_answer(b"SAFE\n", 5.0, recorder)
        return answer, recorder, bool(pending)

    answer, recorder, pending = on_channel(work, Fault("delay", at=1, seconds=1.0))
    assert answer == b"OK\n"
    assert (recorder.sent, recorder.received) == ([b"SAFE\n"], [b"OK\n"])
    assert not pending


def test_the_rest_of_a_cut_answer_is_not_the_next_one():
    """Promise: of two answers to the same question the last one counts."""

    async def work(channel, resynchronizer, pending):
        cut_off = await resynchronizer.synchronize(b"GET\n", 1.0)
        await channel.write(b"GET\n", Recorder())
        await channel.read(channel.clock.now() + 1.0)
        data = channel.take(LINE(channel.buffer))
        return cut_off, await resynchronizer.whole_answer(data, LINE, Recorder())

    assert on_channel(work, Fault("half", at=1)) == (True, b"0.000\n")
