"""What a run shows of itself: the snapshot that people and engines see."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from labloop.campaign.decisions import MachineConfig, MachineState
from labloop.campaign.loop.experiments import RunExperiments
from labloop.campaign.loop.hold import Hold
from labloop.campaign.loop.hooks import Hooks
from labloop.campaign.loop.rounds import RunRounds
from labloop.campaign.progress import (
    Snapshot,
    open_question,
    updated_snapshot,
)


class SnapshotPublisher:
    """Keeps the newest snapshot of a run; :meth:`snapshot` may be called from any thread.

    Args:
        first: what is known before the loop begins.
        config: what of the spec the machine decides by.
        executor: where experiments are carried out, in words.
        experiments: the experiments of the run.
        rounds: its rounds, by whose pace the time left is judged.
        hooks: who is told of each new snapshot.
        lab_now: lab seconds of the campaign.
        hold: what becomes of the lab while a person is waited for; None without a lab.
    """

    def __init__(
        self,
        first: Snapshot,
        *,
        config: MachineConfig,
        executor: str,
        experiments: RunExperiments,
        rounds: RunRounds,
        hooks: Hooks,
        lab_now: Callable[[], float],
        hold: Hold | None,
    ) -> None:
        self._snapshot = first
        self._state = MachineState()
        self._config = config
        self._executor = executor
        self._experiments = experiments
        self._rounds = rounds
        self._hooks = hooks
        self._lab_now = lab_now
        self._hold = hold
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def publish(self, state: MachineState, *, doing: str = "", question: str = "") -> None:
        """Refresh the snapshot and show it to whoever watches.

        Args:
            state: where the campaign stands.
            doing: what it does now, where more is known than the state tells.
            question: what waits for a person, where more is known than the state tells.
        """
        if self._hold is not None:
            question = self._hold.with_note(question or open_question(state))
        with self._lock:
            self._state = state
            self._snapshot = updated_snapshot(
                self._snapshot,
                self._config,
                state,
                self._experiments.dataset,
                where=self._executor,
                waits=self._experiments.waits,
                doing=doing,
                question=question,
            )
        self._hooks.changed(self.snapshot())

    def snapshot(self) -> Snapshot:
        """Return where the campaign stands."""
        with self._lock:
            now, snapshot = time.monotonic(), self._snapshot
            left = self._rounds.seconds_left(now, self._state, snapshot.fraction)
            return replace(
                snapshot,
                seconds=now - self._began,
                seconds_left=left,
                lab_hours=self._experiments.lab_seconds(self._lab_now()) / 3600,
            )
