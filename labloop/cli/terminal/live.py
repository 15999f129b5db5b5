"""The live view: what is happening, best so far and time left, for a terminal or a log."""

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from labloop.campaign import Campaign, PlainHooks, Snapshot
from labloop.cli.terminal.arguments import format_point
from labloop.cli.terminal.progress import Backoff
from labloop.records import Repositories, printable
from labloop.report import AlarmBell, summary

ROUND_SECONDS = 2.0
"""Where there is no terminal: a line for each round, but not more often than this."""
_SHOWN = 2
"""Newest alarms in the panel; all of them follow when it closes."""


class LiveView(PlainHooks):
    """Shows a campaign while it runs.

    In a terminal a panel that redraws four times a second. Elsewhere a line for each round and
    each question; while nothing changes another one after ten seconds, then after twice as long
    each time, up to five minutes. An alarm is printed when it is raised first, and again where
    the doubt has become graver.
    """

    def __init__(self, console: Console, campaign: Campaign, repositories: Repositories) -> None:
        super().__init__()
        self._console = console
        self._campaign = campaign
        self._repositories = repositories
        self._bell = AlarmBell()
        self._told: list[str] = []
        self._looked_at = (-1, "")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._live: Live | None = None
        self._seen = ("", 0.0)

    def __enter__(self) -> Self:
        self._new_alarms(self._campaign.snapshot())
        if self._console.is_terminal:
            self._live = Live(
                console=self._console,
                get_renderable=self._panel,
                refresh_per_second=4,
                transient=True,
            )
            self._live.__enter__()
        else:
            self._thread = threading.Thread(target=self._lines, name="live view", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._live is not None:
            self._live.__exit__(kind, error, trace)
        if self._thread is not None:
            self._thread.join()
            last = self._campaign.snapshot()
            self._console.print(_line(last, last.doing))

    def print_end(self, console: Console) -> None:
        """Print the best experiment so far, and every alarm once."""
        snapshot = self._campaign.snapshot()
        stand = summary(self._repositories, self._campaign.record.id)
        if snapshot.best:
            console.print(f"best      {_best(snapshot)}")
        if stand.done and stand.kept:
            console.print(f"kept      {stand.kept}")
        if stand.failure:
            console.print(f"failures  {stand.failure}")
        for alarm in stand.alarms:
            console.print(f"alarm     {alarm}")

    def _new_alarms(self, snapshot: Snapshot) -> list[str]:
        """Return what alarms were raised for the first time, or are graver, since the last look."""
        now = (snapshot.round_index, snapshot.question)
        if now == self._looked_at:
            return []
        self._looked_at = now
        found = self._repositories.alarms.all(self._campaign.record.id)
        new = self._bell.ring(found)
        return [f"{record.alarm.kind}: {record.alarm.message}" for record in new]

    def _lines(self) -> None:
        shown, last = (-1, ""), time.monotonic() - ROUND_SECONDS
        backoff = Backoff()
        while not self._stop.wait(0.25):
            snapshot = self._campaign.snapshot()
            now = (snapshot.round_index, snapshot.question)
            due = backoff.seconds if now == shown else ROUND_SECONDS
            asked = snapshot.question != shown[1]
            if asked or time.monotonic() - last >= due:
                if now == shown:
                    backoff.grow()
                else:
                    backoff.reset()
                shown, last = now, time.monotonic()
                self._console.print(_line(snapshot, self._doing(snapshot)))
            for alarm in self._new_alarms(snapshot):
                self._console.print(f"alarm     {alarm}")

    def _doing(self, snapshot: Snapshot) -> str:
        """Return what is going on, and for how long where it is long."""
        now = time.monotonic()
        if snapshot.doing != self._seen[0]:
            self._seen = (snapshot.doing, now)
        seconds = now - self._seen[1]
        return f"{snapshot.doing}: {seconds:.0f} s" if seconds >= 1 else snapshot.doing

    def _panel(self) -> RenderableType:
        snapshot = self._campaign.snapshot()
        parts: list[RenderableType] = [_words(self._doing(snapshot), "bold")]
        if snapshot.budget:
            parts.insert(0, _progress(snapshot))
        activity = self._campaign.activity()
        if activity:
            parts.append(_devices(activity))
        if snapshot.best:
            parts.append(_words(f"best so far  {_best(snapshot)}", "green"))
        if snapshot.kept:
            parts.append(_words(snapshot.kept, "dim" if snapshot.best else "yellow"))
        self._told = [*self._told, *self._new_alarms(snapshot)]
        parts += [_words(f"alarm  {alarm}", "yellow") for alarm in self._told[-_SHOWN:]]
        if snapshot.question:
            parts.append(_words(f"waits for you  {snapshot.question}", "yellow"))
        title = f"{snapshot.name} ({snapshot.mode})"
        hours = f"{snapshot.lab_hours:.1f} h of lab time"
        return Panel(Group(*parts), title=title, subtitle=hours, border_style="blue")


def _words(text: str, style: str) -> Text:
    """Return text that is folded at the panel's edge, where plain lines go on beyond it."""
    return Text(printable(text), style=style, no_wrap=False, overflow="fold")


def _devices(activity: Mapping[str, str]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for device, doing in activity.items():
        table.add_row(device, Text(printable(doing) or "idle", style="" if doing else "dim"))
    return table


def _progress(snapshot: Snapshot) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=1.0, completed=snapshot.fraction, width=30)
    table.add_row(bar, snapshot.budget, _left(snapshot.seconds_left))
    return table


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return f"about {seconds:.0f} s left"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.1f} h left"


def _best(snapshot: Snapshot) -> str:
    values = ", ".join(f"{name} {value:.4g}" for name, value in snapshot.best.items())
    return f"{values} in experiment {snapshot.best_number} at {format_point(snapshot.best_point)}"


def _line(snapshot: Snapshot, doing: str) -> str:
    best = ", ".join(f"{name} {value:.4g}" for name, value in snapshot.best.items())
    waits = f"waits for you: {snapshot.question}" if snapshot.question else ""
    shared = "; ".join(snapshot.waits[:_SHOWN])
    if len(snapshot.waits) > _SHOWN:
        shared += f"; {len(snapshot.waits) - _SHOWN} more wait"
    parts = [snapshot.budget, doing, shared, waits, f"best {best}" if best else "", snapshot.kept]
    return " | ".join(part for part in (*parts, _left(snapshot.seconds_left)) if part)
