"""Publishes a running campaign in Prefect's UI: log lines, and one artifact that is kept current.

A call to a server that is away blocks (71 s were measured), so a thread of its own reads the
records and sends them. However fast a simulated lab is, that thread takes a small share of the
time.
"""

import contextvars
import logging
import re
import threading
import time
from collections import deque
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.exceptions import ObjectNotFound

from labloop.campaign import Snapshot
from labloop.report import Brief
from labloop_workflows.server.reports import LinkedReport

PACE_SECONDS = 0.5
"""The shortest time between two updates."""
SHARE = 0.05
"""The largest share of the time that reading and sending may take."""
ANSWER_SECONDS = 10.0
CLOSE_SECONDS = 20.0
"""How long the end waits for the last update, with the report of a large campaign."""
_MOST_LINES = 1000
"""Lines kept for a server that is away; beyond, the oldest are dropped."""


class UiPublisher:
    """Sends what has happened, and the current page, from a thread of its own.

    Args:
        brief: reads one campaign.
        name: its name.
        flow_run_id: the flow run that gets log and artifact.
        report: the whole report, linked to from the page.
    """

    def __init__(self, brief: Brief, name: str, flow_run_id: UUID, report: LinkedReport) -> None:
        self._brief = brief
        self._name = name
        self._flow_run_id = flow_run_id
        self._report = report
        self._lines: deque[dict[str, Any]] = deque(maxlen=_MOST_LINES)
        self._artifact: UUID | None = None
        self._shown = ""
        self._snapshot: Snapshot | None = None
        self._asked = ""
        self._wake = threading.Condition()
        self._changed = self._closing = False
        # The server is part of the calling context; without it, Prefect would start one.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=lambda: context.run(self._work), name="UI publisher", daemon=True
        )
        self._thread.start()

    def changed(self, snapshot: Snapshot) -> None:
        """Note the state of the campaign; returns at once."""
        with self._wake:
            self._snapshot = snapshot
            self._changed = True
            self._wake.notify()

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Publish the end; give up after ``seconds``."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(seconds)

    def _work(self) -> None:
        with ExitStack() as stack:
            client: SyncPrefectClient | None = None
            while True:
                with self._wake:
                    self._wake.wait_for(lambda: self._changed or self._closing)
                    self._changed, closing = False, self._closing
                began = time.thread_time()
                # Process edge: an error of the UI must never stop the lab.
                with suppress(Exception):
                    client = client or stack.enter_context(_client())
                    self._show(client, last=closing)
                if closing:
                    return
                pace = max(PACE_SECONDS, (time.thread_time() - began) / SHARE)
                with self._wake:
                    self._wake.wait_for(lambda: self._closing, pace)

    def _show(self, client: SyncPrefectClient, *, last: bool) -> None:
        snapshot = self._snapshot
        for level, text in self._brief.look():
            self._log(level, text)
        question = snapshot.question if snapshot else ""
        if question and question != self._asked:
            self._log(logging.WARNING, f"waits for you: {question}")
        self._asked = question
        if self._lines:
            client.create_logs(list(self._lines))
            self._lines.clear()
        doing = snapshot.doing if snapshot else ""
        page = self._brief.page(doing=doing, question=question, report=self._report.link)
        if page != self._shown:
            self._put(client, page)
            self._shown = page
        # Last, because it takes longest.
        self._report.write(last=last)

    def _log(self, level: int, text: str) -> None:
        self._lines.append(
            {
                "name": "labloop",
                "level": level,
                "message": text,
                "timestamp": datetime.now(UTC).isoformat(),
                "flow_run_id": str(self._flow_run_id),
            }
        )

    def _put(self, client: SyncPrefectClient, page: str) -> None:
        if self._artifact is not None:
            with suppress(ObjectNotFound):
                client.update_artifact(self._artifact, ArtifactUpdate(data=page))
                return
        made = client.create_artifact(
            ArtifactCreate(
                key=artifact_key(self._name),
                type="markdown",
                description=f"Where the campaign {self._name} stands, kept up to date",
                data=page,
                flow_run_id=self._flow_run_id,
            )
        )
        self._artifact = made.id


def artifact_key(name: str) -> str:
    """Return a campaign's name as the key of its artifact."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "campaign"


def _client() -> SyncPrefectClient:
    # Kept as long as the campaign runs: each client costs 50 ms for a TLS context.
    return get_client({"timeout": ANSWER_SECONDS}, sync_client=True)
