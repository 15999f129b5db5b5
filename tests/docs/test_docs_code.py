"""The code that the documentation shows is code that runs."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from labloop import CampaignSpec

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(
    r"^```(?:python|toml)\n# (\S+\.(?:py|toml))\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


def _write_files(page, folder):
    """Write the blocks of a page that begin with a file's name, and a test that imports each."""
    blocks = _BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    for name, code in blocks:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    files = [Path(name) for name, _ in blocks]
    modules = [".".join(each.with_suffix("").parts) for each in files if each.suffix == ".py"]
    (folder / "test_imports.py").write_text(_IMPORTED.format(names=modules), encoding="utf-8")


ELSEWHERE = {"tutorial/worked-examples.md"}
"""Pages whose code has tests of its own."""
WITH_CODE = sorted(
    {
        page.relative_to(DOCS).as_posix()
        for page in DOCS.rglob("*.md")
        if _BLOCK.search(page.read_text(encoding="utf-8"))
    }
    - ELSEWHERE
)
_IMPORTED = """
import importlib
import pytest

@pytest.mark.parametrize("name", {names!r})
def test_it_is_python_that_runs(name):
    importlib.import_module(name)
"""


@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_of_a_page_passes_the_tests_of_that_page(page, tmp_path):
    """Copied into files as it stands there, the code of the page does what the page says."""
    _write_files(page, tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def _code_lines(source):
    """Return how many lines of a file are code: neither blank, nor comment, nor docstring."""
    told = set()
    for node in ast.walk(ast.parse(source)):
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            told |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(source.splitlines(), 1)
    return sum(bool(text.strip()) and number not in told for number, text in lines)


def test_a_newcomers_driver_is_short():
    """Promise: the driver of the guide has less than 60 lines of code."""
    blocks = dict(_BLOCK.findall((DOCS / "how-to" / "drivers.md").read_text(encoding="utf-8")))
    assert _code_lines(blocks["acme_s1/_driver.py"]) < 60


def test_an_instrument_of_lines_is_a_table():
    """Promise: a device of SCPI, of Modbus or of OPC UA has at most 30 lines, docstring and all."""
    blocks = dict(_BLOCK.findall((DOCS / "how-to" / "adapters.md").read_text(encoding="utf-8")))
    classes = [n for n in ast.parse(blocks["wires.py"]).body if isinstance(n, ast.ClassDef)]
    lengths = {each.name: each.end_lineno - each.lineno + 1 for each in classes}
    assert {"Supply", "Chiller", "Bath"} <= set(lengths)
    assert max(lengths.values()) <= 30


PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", *(ROOT / "examples").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_between_pages_lead_somewhere(page):
    """Every relative link of a page names a file that is there."""
    text = page.read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)", text) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


SPEC_WORD = re.compile(r"\b(\w+)=")


def test_the_page_of_a_campaign_file_tells_every_word():
    """What a campaign file may say stands on the page that says so."""
    told = set(SPEC_WORD.findall((DOCS / "reference" / "campaign-file.md").read_text("utf-8")))
    words = [each.name for each in fields(CampaignSpec)]
    # These two come first, and without their words.
    assert [word for word in words if word not in {*told, "name", "space"}] == []


SECTIONS = ("tutorial", "how-to", "explanation", "reference", "reference/api")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_page_is_in_the_contents_of_its_section(section):
    """A page that no index names would be found by nobody, and the site is not built with it."""
    index = (DOCS / section / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^[\w./-]+$", index, re.MULTILINE))
    pages = {page.stem for page in (DOCS / section).glob("*.md")} - {"index"}
    assert pages - listed == set()
