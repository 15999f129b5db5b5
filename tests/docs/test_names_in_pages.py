"""Promise: a page names no file, module, symbol or verb of ours that is not there.

Decisions and CHANGELOG.md tell history and keep the names of their time.
"""

import ast
import importlib
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import typer

from labloop.cli import _app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
HOUSES = ("labloop", "adapters", "devices", "simulators", "workflows")
ROOMS = tuple(p.stem for p in (ROOT / "labloop").iterdir() if not p.name.startswith("_"))
FOLDERS = (*HOUSES, "benchmarks", "docs", "examples", "tests", "tools")
PAGES = sorted(
    [
        *(p for p in DOCS.rglob("*.md") if "decisions" not in p.parts),
        *(DOCS / "templates").rglob("*.py"),
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / "devices").rglob("*.md"),
        ROOT / "README.md",
    ]
)
SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r"^\s*from (labloop\w*(?:\.\w+)*) import \(?([\w,\s]+)\)?$", re.MULTILINE)
PATH = re.compile(r"^[\w.<>*-]+(?:/[\w.<>*-]+)*/?$")
WORD = re.compile(r"[A-Za-z_]\w*")
SYMBOL = re.compile(r"^(?:_?[A-Z]+[a-z]\w*|_?[a-z]+(?:_[a-z0-9]+)+|_[a-z]\w*)$")
"""What looks like a name of code: CamelCase, words joined by underscores, a private name."""
OTHERS = {
    "labloop.db",  # a person's database
    "labloop.owner",  # a label in Prefect
    "labloop.worker",  # the same
    "size",  # the verb that a template makes
}
"""What looks like ours and is not."""
WRITTEN = re.compile(r"^<!-- \w+: written by .*?^<!-- \w+: end -->", re.DOTALL | re.MULTILINE)
"""What a tool writes into a page and a test holds against the code."""
TYPED_LINE = re.compile(r"^    .*$", re.MULTILINE)
TYPED = re.compile(r"(?:^    |`|\$ )labloop ([a-z]+)\b([^`\n#]*)", re.MULTILINE)


def ids(page):
    return page.relative_to(ROOT).as_posix()


@cache
def words_of_the_code():
    """Return every word of our sources, and of what configures them."""
    files = [p for name in (*HOUSES, "benchmarks", "examples") for p in (ROOT / name).rglob("*.*")]
    files = [p for p in files if p.suffix in {".py", ".toml", ".js", ".css", ".ini"}]
    files += [ROOT / "pyproject.toml", *(ROOT / "tools").glob("*.py"), DOCS / "conf.py"]
    files += [*ROOT.glob("tests/**/*.py"), *(DOCS / "templates").rglob("*.py")]
    return {word for p in files for word in WORD.findall(p.read_text(encoding="utf-8"))}


@cache
def python_files():
    """Return the names of all files of ours."""
    return {p.name for name in FOLDERS for p in (ROOT / name).rglob("*.py")}


@cache
def entry_points():
    """Return group -> names, as this state of the project declares them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return settings["project"]["entry-points"]


def spans(text):
    """Return what stands between backticks outside of blocks."""
    return [found[2].replace("\n", " ") for found in SPAN.finditer(BLOCK.sub("", text))]


def prose(page):
    """Return the text of a page, or the docstring of a template."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".py":
        return ast.get_docstring(ast.parse(text)) or ""
    return WRITTEN.sub("", text)


def found_at(pattern, page):
    """Return whether a path that a page names is there; ``<name>`` stands for any name."""
    pattern = re.sub(r"<[^>]*>|NNNN\w*", "*", pattern.rstrip("/"))
    places = (ROOT, page.parent, ROOT / "labloop", *(ROOT / name for name in HOUSES))
    return any(next(iter(place.glob(pattern)), None) for place in places)


def resolves(dotted):
    """Return whether a dotted name is a module, or something in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            if not hasattr(value, name):
                return False
            value = getattr(value, name)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_files_are_there(page):
    """A path that begins with a folder of ours leads somewhere."""
    named = [
        span
        for span in spans(prose(page))
        if PATH.match(span) and span.partition("/")[0] in (*FOLDERS, *ROOMS) and "/" in span
    ]
    assert [name for name in named if not found_at(name, page)] == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_python_files_that_are_named_alone_are_there(page):
    """`gate.py` is the name of a file of ours, of a block of the page, or of a person's own."""
    text = prose(page)
    shown = set(re.findall(r"^# (\S+\.py)$", text, re.MULTILINE))
    named = {span for span in spans(text) if re.fullmatch(r"[\w-]+\.py", span)}
    assert sorted(named - shown - python_files()) == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_modules_and_their_names_are_there(page):
    """A dotted name of ours is a module or in one, in prose and in the imports of blocks."""
    text = prose(page)
    dotted = [
        match[0]
        for span in spans(text)
        if (match := re.match(r"labloop\w*(?:\.\w+)+", span)) and "/" not in span
    ]
    dotted += [
        f"{module}.{name.strip()}"
        for module, names in IMPORT.findall(text)
        for name in names.split(",")
        if name.strip()
    ]
    wanted = {name for name in dotted if name not in entry_points()} - OTHERS
    assert [name for name in sorted(wanted) if not resolves(name)] == []


@pytest.mark.parametrize("page", [p for p in PAGES if "devices" not in p.parts], ids=ids)
def test_symbols_are_there(page):
    """A word that looks like code stands in our sources, or in a block of the page itself.

    The README of a device speaks the language of its manual. Paths are looked up elsewhere.
    """
    text = prose(page)
    shown = {word for block in BLOCK.findall(text) for word in WORD.findall(block)}
    shown |= {
        word for line in re.findall(r"^    .*$", text, re.MULTILINE) for word in WORD.findall(line)
    }
    known = words_of_the_code() | shown
    named = {
        word
        for span in spans(text)
        if "://" not in span and not span.startswith("tests/")
        for word in WORD.findall(re.sub(r"<[^>]*>|\"[^\"]*\"|'[^']*'", "", span))
        if SYMBOL.match(word)
    }
    assert sorted(named - known - OTHERS) == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_verbs_and_their_options_are_there(page):
    """What a page lets a person type can be typed."""
    _app._register()
    group = typer.main.get_command(_app.app)
    unknown = []
    for verb, rest in TYPED.findall(prose(page)):
        if verb in entry_points()["labloop.verbs"] or verb in OTHERS:
            continue
        command = group.commands.get(verb)
        if command is None:
            unknown.append(verb)
            continue
        inner = getattr(command, "commands", {})
        given = rest.split()
        command = inner.get(given[0], command) if given else command
        options = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
        asked = {word.split("=")[0].strip(".,;:)") for word in given if word.startswith("--")}
        unknown += [f"{verb} {word}" for word in sorted(asked - options - {"--help"})]
    assert unknown == []
