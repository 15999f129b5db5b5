"""The documentation as a site: built without network or warning, nothing loaded from elsewhere."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import labloop

ROOT = Path(__file__).resolve().parents[2]
OFFLINE = """
import runpy, socket, sys

def refuse(self, address):
    raise OSError(f"the build asked for {address}")

socket.socket.connect = socket.socket.connect_ex = refuse
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc\s*=\s*["']?(?:https?:)?//"""
    r"""|<link\b[^>]*\bhref\s*=\s*["']?(?:https?:)?//"""
    r"""|@import\b[^;]*//|url\(\s*["']?(?:https?:)?//""",
    re.IGNORECASE,
)
"""What a browser fetches by itself, as opposed to a link that a reader clicks."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site once, in a process that refuses every connection."""
    if find_spec("sphinx") is None:
        reason = "no Sphinx here: pip install -e '.[docs]'"
        if os.environ.get("LABLOOP_TEST_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(ROOT / "tools" / "build_site.py"), str(folder)],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return folder


def test_pages_load_nothing_from_elsewhere(site):
    """No web font, script, style or picture comes from another machine."""
    for word in ('<script src="https://a.b/c.js">', "url(//a.b/c.woff)", '@import "http://a.b"'):
        assert LOADED.search(word)
    files = [p for p in site.rglob("*") if p.suffix in {".html", ".css"}]
    assert len(files) > 40
    found = {p.name: LOADED.findall(p.read_text(encoding="utf-8")) for p in files}
    assert {name: words for name, words in found.items() if words} == {}


def test_every_verb_has_its_section(site):
    """The page of the command line has every verb, those of plug-ins too, with its options."""
    page = (site / "reference" / "cli.html").read_text(encoding="utf-8")
    for verb in ("demo", "run", "resume", "command", "serve", "ui", "physics check"):
        assert f'<span class="pre">labloop</span> <span class="pre">{verb.split()[0]}' in page
    assert "--speed" in page
    assert "--port" in page


def test_every_public_name_has_an_entry(site):
    """The pages of the API explain all that the faces export, and link what labloop exports."""
    folder = site / "reference" / "api"
    pages = {page.name: page.read_text(encoding="utf-8") for page in folder.glob("*.html")}
    entries = {entry for text in pages.values() for entry in re.findall(r'id="([^"]+)"', text)}
    names = (ROOT / "tests" / "house" / "public_names.txt").read_text(encoding="utf-8").split()
    wanted = {name for name in names if not re.fullmatch(r"labloop\.\w+", name)}
    again = {name for name in wanted if re.sub(r"\.\w+(\.\w+)$", r"\1", name) in entries}
    assert sorted(wanted - entries - again) == []
    for name in labloop.__all__:
        assert re.search(rf'href="[^"]*#labloop\.[a-z.]*{name}"', pages["index.html"]), name


def test_language_models_get_lists_of_their_own(site):
    """llms.txt links pages that are there, and llms-full.txt has their text."""
    listed = (site / "llms.txt").read_text(encoding="utf-8")
    assert listed.startswith("# labloop\n\n> ")
    links = re.findall(r"\]\(([^)]+)\)", listed)
    assert len(links) > 40
    assert [link for link in links if not (site / link).is_file()] == []
    whole = (site / "llms-full.txt").read_text(encoding="utf-8")
    assert "class labloop.space.Continuous" in whole
    assert "labloop acknowledge" in whole
