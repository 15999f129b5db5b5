"""Whether a page shows itself without any network: looked at by a browser, else by its text."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from html.parser import HTMLParser
from pathlib import Path

_FETCHED = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
    "embed": "src",
}
_OUTSIDE = ("http:", "https:", "//", "ws:", "wss:")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class _References(HTMLParser):
    """Collects what a page would fetch by itself; links that a person may click are none."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attribute that makes a browser fetch."""
        self._style = tag == "style"
        value = dict(attrs).get(_FETCHED.get(tag, ""), "") or ""
        if value.strip().lower().startswith(_OUTSIDE):
            self.outside.append(value)

    def handle_data(self, data: str) -> None:
        """Look into style sheets."""
        if self._style:
            found = re.findall(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s]+)", data)
            self.outside += found


def shows_offline(page: Path) -> tuple[bool, str]:
    """Return whether a page shows pictures without a network, and what that rests on."""
    references = _References()
    references.feed(page.read_text(encoding="utf-8"))
    if references.outside:
        return False, f"it fetches {references.outside[:3]}"
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        return True, "no browser here; by its text it fetches nothing"
    return _looked_at(browser, page)


def _looked_at(browser: str, page: Path) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "net.json"
        words = [browser, "--headless=new", "--no-sandbox", "--disable-gpu"]
        words += ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
        words += ["--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=direct://"]
        words += [f"--user-data-dir={name}/profile", f"--log-net-log={log}"]
        words += ["--virtual-time-budget=20000", "--window-size=1280,4000", "--dump-dom"]
        if os.name == "posix" and _can_unshare():
            # No network at all, not even names: the page has only itself.
            words = ["unshare", "-n", *words]
        done = subprocess.run(
            [*words, page.resolve().as_uri()],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=180,
        )
        asked = _requests(log)
    pictures = done.stdout.count("<svg")
    drawn = len(re.findall(r"<(path|rect|circle|line|polyline)\b", done.stdout))
    words_shown = len(
        re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", done.stdout, flags=re.DOTALL)
    )
    told = (
        f"{pictures} pictures of {drawn} shapes, {words_shown} letters, "
        f"requests outside: {asked[:3] or 'none'}"
    )
    return pictures > 0 and drawn > 20 and words_shown > 500 and not asked, told


def _can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return (
        subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode == 0
    )


def _requests(log: Path) -> list[str]:
    """Return every address outside that the page (not the browser for itself) asked for."""
    text = log.read_text(encoding="utf-8", errors="replace")
    try:
        events = json.loads(text)["events"]
    except ValueError:
        # The browser ended before it had closed the list.
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    asked = []
    for event in events:
        parameters = event.get("params") or {}
        url, initiator = str(parameters.get("url", "")), str(parameters.get("initiator", ""))
        if url.startswith(_OUTSIDE) and initiator not in {"", "not an origin"}:
            asked.append(url)
    return sorted(set(asked))
