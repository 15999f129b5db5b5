"""Brings a line back into step: pending answers are settled before the next question.

An urgent question (of a safe state) is sent first and settled afterwards.
"""

from labloop.errors import DeviceTimeoutError
from labloop.lab.transports.base import RESYNC_SECONDS, Complete
from labloop.lab.transports.channel import Channel
from labloop.lab.transports.pending_answers import AWAKE_SECONDS, PendingAnswers, SyncStep
from labloop.lab.transports.recorder import NO_RECORDER, Recorder


class Resynchronizer:
    """Settles the pending answers of one line.

    Args:
        channel: the bytes.
        pending: what is settled.
    """

    def __init__(self, channel: Channel, pending: PendingAnswers) -> None:
        self._channel = channel
        self._pending = pending

    async def synchronize(self, frame: bytes, deadline: float) -> bool:
        """Settle what is pending and wait for silence, so that ``frame`` may be sent.

        Returns:
            Whether an answer to the same question has begun and was cut off: the rest of it may
            still come.

        Raises:
            DeviceTimeoutError: an answer is still pending at lab second ``deadline``.
        """
        channel, pending = self._channel, self._pending
        while True:
            was_pending = bool(pending)
            await self.settle(frame, deadline)
            if was_pending and pending.resync is not None:
                await self._keep_gap()
            before = channel.last_received
            await self.wait_for_silence(deadline)
            self.discard()
            if not channel.buffer:
                return False
            if channel.last_received == before:
                channel.buffer = b""
                return True

    async def settle(self, frame: bytes, deadline: float) -> None:
        """Wait for pending answers, or send the resync question, until ``frame`` may be sent.

        Raises:
            DeviceTimeoutError: an answer is still pending at lab second ``deadline``.
        """
        channel, pending = self._channel, self._pending
        while pending:
            now = channel.clock.now()
            step, channel.buffer, until = pending.next_step(channel.buffer, now, frame)
            if step is SyncStep.IN_STEP:
                return
            if now >= deadline:
                raise pending.refusal(channel.named, frame)
            if step is SyncStep.ASK and pending.resync is not None:
                await self._keep_gap()
                await channel.write(pending.resync.question, NO_RECORDER)
                pending.resync_sent(channel.clock.now())
            else:
                await channel.read(min(until, deadline))

    async def wait_for_silence(self, deadline: float = float("inf")) -> None:
        """Let a repeated answer pass; a device that never stops sending is put up with."""
        at_most = min(deadline, self._channel.clock.now() + RESYNC_SECONDS)
        await self._channel.silence(self._pending.quiet, at_most)

    def discard(self) -> None:
        """Discard what answers no question; what may answer a pending one is kept."""
        channel = self._channel
        if not self._pending and channel.buffer:
            buffer, channel.buffer = channel.buffer, b""
            self._pending.discard(buffer)

    async def send_ahead(self, frame: bytes, complete: Complete, recorder: Recorder) -> None:
        """Send an urgent ``frame`` although answers are pending; its own becomes one of them."""
        now = self._channel.clock.now()
        await self._channel.write(frame, recorder)
        self._pending.add(frame, complete, now)

    async def last_answer(self, frame: bytes, seconds: float, recorder: Recorder) -> bytes:
        """Return the answer to an urgent ``frame``, the last of those that are pending.

        An answer that silence follows is taken for it, too: a device that has spoken again has
        passed over the others, and one that broke off an action never answers that action.

        Raises:
            DeviceTimeoutError: no answer came within ``seconds`` of lab time.
        """
        channel, pending = self._channel, self._pending
        last, until = b"", channel.clock.now() + seconds
        while pending and channel.clock.now() < until:
            before = channel.last_received
            await channel.read(until)
            answer, channel.buffer = pending.take(channel.buffer)
            last = answer or last
            if channel.last_received > before:
                until = channel.last_received + AWAKE_SECONDS
        if not last:
            raise DeviceTimeoutError(
                f"{channel.named} was sent {frame!r} although it owed an answer, and gave none "
                f"within {seconds:g} s"
            )
        pending.clear()
        recorder.received.append(last)
        return last

    async def whole_answer(self, data: bytes, complete: Complete, recorder: Recorder) -> bytes:
        """Return the answer that came last; ``data``, the first, may be the rest of a cut one."""
        channel = self._channel
        while channel.clock.now() < (until := channel.last_received + AWAKE_SECONDS):
            await channel.read(until)
            while (length := complete(channel.buffer)) > 0:
                data = channel.take(length)
                recorder.received.append(data)
        self._pending.clear()
        return data

    async def _keep_gap(self) -> None:
        channel = self._channel
        await channel.pause(max(channel.last_received, channel.last_sent) + self._pending.gap)
