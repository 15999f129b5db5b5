"""What pages take from the code while the site is built: the verbs, the public names, links.

A page holds a marker, ``<!-- from the code: verbs -->``; here its text is written in its place.
So a page can promise nothing that the code does not do.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import typer
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from typer.cli import get_docs_for_click

import labloop
from labloop.cli import _app

MARKER = re.compile(r"^<!-- from the code: (.+) -->$", re.MULTILINE)
FACES = re.compile(r"^\.\. automodule:: (\S+)$", re.MULTILINE)


def verbs() -> str:
    """Return the reference of the command line as Markdown, by Typer's own generator."""
    _app._register()  # noqa: SLF001 - what main() does first
    tree: Any = typer.main.get_command(_app.app)
    for point in metadata.entry_points(group="labloop.verbs"):
        # In the terminal these are loaded when they are called; here their options are shown.
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(point.name)(point.load())
        tree.commands[point.name] = typer.main.get_command(alone)
    context: Any = typer.Context(tree, info_name="labloop")
    text = get_docs_for_click(obj=tree, ctx=context, name="labloop")
    _, _, after = text.partition("\n")
    after = re.sub(r"^\* `--help`: .*\n", "", after, flags=re.MULTILINE)
    after = re.sub(r"^\*\*Options\*\*:\n\n(?!\*)", "", after, flags=re.MULTILINE)
    return re.sub(r"^\*\*Commands\*\*:\n\n(\* .*\n)+", "", after, flags=re.MULTILINE)


def names() -> str:
    """Return the names of ``labloop`` as a Markdown table, each with its room and first line."""
    rows = ["| name | from | what it is |", "|---|---|---|"]
    for name in labloop.__all__:
        value = getattr(labloop, name)
        room = labloop._WHERE[name]  # noqa: SLF001 - the table behind the lazy face
        first = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")
        link = f"{{py:obj}}`{name} <{room}.{name}>`"
        first = first.replace("``", "`").replace("|", "\\|")
        rows.append(f"| {link} | `{room}` | {first} |")
    return "\n".join(rows)


GENERATED: dict[str, Callable[[], str]] = {"verbs": verbs, "names": names}


def fill_in(_app: Sphinx, _docname: str, source: list[str]) -> None:
    """Write what a marker asks for in its place."""
    source[0] = MARKER.sub(lambda found: GENERATED[found[1]](), source[0])


def faces(source: Path) -> Iterator[str]:
    """Yield the modules that pages below ``source`` document."""
    for page in sorted(source.glob("reference/api/*.md")):
        yield from FACES.findall(page.read_text(encoding="utf-8"))


def load(app: Sphinx) -> None:
    """Import what is documented before autodoc does.

    Autodoc imports with ``TYPE_CHECKING`` set, and neither Prefect nor pydantic bears that.
    """
    for point in metadata.entry_points(group="labloop.verbs"):
        point.load()
    for face in faces(app.srcdir):
        module = importlib.import_module(face)
        for name in getattr(module, "__all__", ()):
            getattr(module, name)


def _public(source: Path) -> dict[str, str]:
    """Return where each class and function is defined -> its public name."""
    found = {}
    for face in sorted(faces(source), key=len, reverse=True):
        module = importlib.import_module(face)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            home, own = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
            if home and own:
                found[f"{home}.{own}"] = f"{face}.{name}"
    return found


def resolve(
    app: Sphinx, environment: BuildEnvironment, node: pending_xref, text: nodes.TextElement
) -> nodes.Element | None:
    """Lead a reference to where something is defined to where it is documented: a face."""
    if node.get("refdomain") != "py":
        return None
    known = getattr(environment, "labloop_public", None)
    if known is None:
        known = environment.labloop_public = _public(app.srcdir)  # type: ignore[attr-defined]
    public = known.get(node.get("reftarget"))
    if public is None:
        return None
    domain = environment.domains.python_domain
    return domain.resolve_xref(environment, node["refdoc"], app.builder, "obj", public, node, text)


def plain_bases(
    _app: Sphinx, _name: str, _value: object, _options: object, bases: list[type]
) -> None:
    """Leave out that a class is an object."""
    bases[:] = [base for base in bases if base is not object]


def setup(app: Sphinx) -> dict[str, bool]:
    """Hook into the build."""
    app.connect("builder-inited", load)
    app.connect("source-read", fill_in)
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-bases", plain_bases)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
