"""The report of a campaign behind a link in the UI.

A browser follows no link from a web page to a file, so the server that labloop starts serves
the reports, under names that cannot be guessed.
"""

import hashlib
import hmac
import os
import time
from pathlib import Path

from labloop.campaign import database_option
from labloop.records import CampaignRecord, Repositories
from labloop.report import write_report
from labloop_workflows.server.password import password
from labloop_workflows.server.settings import REPORTS, reports_folder

PACE_SECONDS = 30.0
"""The shortest time between two reports of a running campaign."""
SHARE = 0.02
"""The largest share of the time that writing reports may take."""
_KEPT = 50
"""The number of reports that are kept, the newest."""


class LinkedReport:
    """Writes the report of one campaign where the server serves it, from time to time.

    Args:
        repositories: the records.
        record: the campaign.
        ui_url: of a server that labloop started; None for another one, which serves no reports.
    """

    def __init__(
        self, repositories: Repositories, record: CampaignRecord, ui_url: str | None
    ) -> None:
        self._repositories = repositories
        self._record = record
        self._ui_url = ui_url
        self._next = 0.0

    @property
    def link(self) -> str:
        """A line of Markdown with the link to the report."""
        typed = f"`labloop report {self._record.name}{database_option(self._repositories)}`"
        if self._ui_url is None:
            return f"The whole report: {typed}"
        return f"[The whole report]({self._ui_url}{REPORTS}/{self._token()}.html), or {typed}"

    def write(self, *, last: bool) -> None:
        """Write the report, if it is due or this is the ``last`` time."""
        if self._ui_url is None or not (last or time.monotonic() >= self._next):
            return
        began = time.thread_time()
        self._write(reports_folder() / f"{self._token()}.html")
        cost = time.thread_time() - began
        self._next = time.monotonic() + max(PACE_SECONDS, cost / SHARE)

    def _token(self) -> str:
        """Return a name that cannot be guessed without the password."""
        digest = hmac.new(password().encode(), self._record.id.encode(), hashlib.sha256)
        return digest.hexdigest()[:40]

    def _write(self, page: Path) -> None:
        page.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = page.with_suffix(f".{os.getpid()}")
        write_report(self._repositories, self._record.id, part)
        part.replace(page)
        kept = sorted(page.parent.glob("*.html"), key=lambda path: path.stat().st_mtime)
        for old in kept[:-_KEPT]:
            old.unlink(missing_ok=True)
