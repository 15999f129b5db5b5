"""What pages take from the code while the site is built: the verbs, the public names, links.

A page holds a marker, ``<!-- from the code: verbs -->``; here its text is written in its place.
So a page can promise nothing that the code does not do.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import public_names
import typer
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import stringify_annotation
from typer.cli import get_docs_for_click

import labloop
from labloop import records
from labloop.cli import _app

MARKER = re.compile(r"^<!-- from the code: (.+) -->$", re.MULTILINE)


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


ALIASES = {
    stringify_annotation(alias, "smart"): f"~labloop.records.{name}"
    for name, alias in (
        ("Point", records.Point),
        ("PointValue", records.PointValue),
        ("FloatArray", records.FloatArray),
    )
}


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


def packages(house: str) -> str:
    """Return a section for each package of a house, with its docstrings."""
    found = importlib.import_module(house)
    sections = []
    for below in pkgutil.iter_modules(found.__path__, f"{house}."):
        if below.name in public_names.faces():
            title = below.name.rpartition(".")[2]
            # What a package exports a second time has its entry where the house exports it.
            again = ", ".join(getattr(found, "__all__", ()))
            without = f"\n   :exclude-members: {again}" if again else ""
            block = f"```{{eval-rst}}\n.. automodule:: {below.name}{without}\n```"
            sections.append(f"## {title}\n\n{block}")
    return "\n\n".join(sections)


GENERATED: dict[str, Callable[[], str]] = {
    "verbs": verbs,
    "names": names,
    "devices": lambda: packages("labloop_devices"),
    "adapters": lambda: packages("labloop_adapters"),
}


def fill_in(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Write what a marker asks for in its place, and what autodoc leaves out of a face's page."""
    source[0] = MARKER.sub(lambda found: GENERATED[found[1]](), source[0])
    face = docname.removeprefix("reference/api/")
    if face not in {docname, "index"}:
        source[0] += values(face if face.startswith("labloop_") else f"labloop.{face}")


def values(face: str) -> str:
    """Return a section with the constants and type aliases of a face, or nothing."""
    module = importlib.import_module(face)
    found = []
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if inspect.isclass(value) or getattr(value, "__qualname__", "") == name:
            continue
        alias = re.sub(r"~?\b(?:\w+\.)+(\w+)", r"\1", stringify_annotation(value, "smart"))
        said = said_of(module, name) or f"``{alias}``"
        indented = said.replace("\n", "\n   ")
        found.append(f".. py:data:: {name}\n   :module: {face}\n\n   {indented}\n")
    if not found:
        return ""
    return "\n## Values and type aliases\n\n```{eval-rst}\n" + "\n".join(found) + "```\n"


def said_of(module: ModuleType, name: str) -> str:
    """Return the words below the assignment of ``name``, wherever in the package it stands."""
    for path in sorted(Path(str(module.__file__)).parent.rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for first, then in pairwise(body):
            targets = first.targets if isinstance(first, ast.Assign) else []
            targets = [first.target] if isinstance(first, ast.AnnAssign) else targets
            if not any(isinstance(t, ast.Name) and t.id == name for t in targets):
                continue
            if isinstance(then, ast.Expr) and isinstance(then.value, ast.Constant):
                return inspect.cleandoc(str(then.value.value))
    return ""


def shorten(
    _app: Sphinx,
    _what: str,
    _name: str,
    _value: object,
    _options: object,
    signature: str | None,
    returned: str | None,
) -> tuple[str | None, str | None]:
    """Write type aliases by their names again: the code says FloatArray, and so does the page."""
    for long, short in ALIASES.items():
        signature = signature and signature.replace(long, short)
        returned = returned and returned.replace(long, short)
    return signature, returned


def load(_app: Sphinx) -> None:
    """Import what is documented before autodoc does.

    Autodoc imports with ``TYPE_CHECKING`` set, and neither Prefect nor pydantic bears that.
    """
    for point in metadata.entry_points(group="labloop.verbs"):
        point.load()
    for face in public_names.faces():
        module = importlib.import_module(face)
        for name in getattr(module, "__all__", ()):
            getattr(module, name)


def _public() -> dict[str, str]:
    """Return where each class and function is defined -> its public name."""
    found = {}
    for face in sorted(public_names.faces(), key=len, reverse=True):
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
        known = environment.labloop_public = _public()  # type: ignore[attr-defined]
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


def drop_empty(_app: Sphinx, tree: nodes.document) -> None:
    """Remove the line of bases where nothing is left of it."""
    for line in list(tree.findall(nodes.paragraph)):
        if line.astext().strip() == "Bases:":
            line.parent.remove(line)


def setup(app: Sphinx) -> dict[str, bool]:
    """Hook into the build."""
    app.connect("builder-inited", load)
    app.connect("source-read", fill_in)
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-process-bases", plain_bases)
    app.connect("doctree-read", drop_empty)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
