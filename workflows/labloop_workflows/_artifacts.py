"""Artifacts in the UI: best so far, the round with what it learned, progress.

A call blocks while the server is away (71 s were seen), so a thread of its own sends them
and only ever the newest of each kind.
"""

import contextvars
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from labloop.campaign import Snapshot
from labloop.records import ProposalBatch
from labloop.report import paragraph, unsure

PACE_SECONDS = 0.5
"""Between two artifacts: each costs 10 ms, which a simulated lab's experiment does not take."""


class Artifacts:
    """Sends the newest state of a campaign to the UI from a thread of its own."""

    def __init__(self, name: str) -> None:
        self._key = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "campaign"
        self._waiting: dict[str, Callable[[], None]] = {}
        self._wake = threading.Condition()
        self._closing = False
        self._progress: Any = None
        self._best: Mapping[str, float] = {}
        # The flow run that an artifact belongs to is found through the calling context.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=lambda: context.run(self._work), name="artifacts", daemon=True
        )
        self._thread.start()

    def changed(self, snapshot: Snapshot) -> None:
        """Show progress, and the best experiment where there is a new one."""
        self._put("progress", lambda: self._send_progress(snapshot))
        if dict(snapshot.best) != dict(self._best):
            self._best = snapshot.best
            self._put("best", lambda: self._send_best(snapshot))

    def round(self, index: int, batch: ProposalBatch) -> None:
        """Show the table of a round with what was learned and every alarm in words."""
        self._put("round", lambda: self._send_round(index, batch))

    def close(self, seconds: float = 5.0) -> None:
        """Send what waits and end; give up after ``seconds``."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(seconds)

    def _put(self, kind: str, send: Callable[[], None]) -> None:
        with self._wake:
            self._waiting[kind] = send
            self._wake.notify()

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                if not self._waiting:
                    return
                # The kind that waits longest: none is starved by one that changes often.
                send = self._waiting.pop(next(iter(self._waiting)))
            # Process edge: whatever a window raises must never stop the lab.
            with suppress(Exception):
                send()
            with self._wake:
                self._wake.wait_for(lambda: self._closing, PACE_SECONDS)

    def _send_progress(self, snapshot: Snapshot) -> None:
        percent = 100.0 * snapshot.fraction
        if self._progress is None:
            self._progress = create_progress_artifact(
                percent, key=f"{self._key}-progress", description=snapshot.budget
            )
        else:
            update_progress_artifact(self._progress, percent, description=snapshot.budget)

    def _send_best(self, snapshot: Snapshot) -> None:
        lines = [f"# Best so far: experiment {snapshot.best_number}", "", "| output | value |"]
        lines += ["|---|---|", *(f"| {k} | {v:.5g} |" for k, v in snapshot.best.items())]
        lines += ["", "| parameter | value |", "|---|---|"]
        lines += [f"| {k} | {v} |" for k, v in snapshot.best_point.items()]
        create_markdown_artifact("\n".join(lines), key=f"{self._key}-best")

    def _send_round(self, index: int, batch: ProposalBatch) -> None:
        rows, told = round_table(index, batch)
        create_table_artifact(rows, key=f"{self._key}-round", description=told)


def round_table(index: int, batch: ProposalBatch) -> tuple[list[dict[str, str]], str]:
    """Return the rows of a round, one a proposal, and what stands above them.

    What was learned and every alarm stand in the same artifact: another one would be a call more.
    """
    why = unsure(batch.fit_report)
    rows = [
        {
            **{name: str(value) for name, value in proposal.point.items()},
            "strategy": proposal.strategy,
            "reason": proposal.reason,
            **{
                f"expected {name}": f"{p.mean:.4g} ({p.low:.4g} to {p.high:.4g})"
                for name, p in proposal.predicted.items()
            },
            **({"uncertainty": why[i]} if i < len(why) else {}),
        }
        for i, proposal in enumerate(batch.proposals)
    ]
    told = paragraph(batch.fit_report, batch.alarms)
    return rows, f"round {index}\n\n{told}" if told else f"round {index}"
