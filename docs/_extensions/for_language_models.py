"""``llms.txt``, a list of the pages with a line each, and ``llms-full.txt``, all of them as text.

The form of the first one is that of https://llmstxt.org: a title, a summary, sections of links.
The HTML build writes the first, the text build the second.
"""

from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

SUMMARY = (
    "A self-driving lab in Python: a brain proposes experiments, drivers carry them out on "
    "instruments or on byte-level emulators, every step lands in a database, and the next round "
    "is better."
)


def _below(environment: BuildEnvironment, page: str) -> Iterator[str]:
    """Yield a page and all pages below it, as the navigation has them."""
    yield page
    for child in environment.toctree_includes.get(page, ()):
        yield from _below(environment, child)


def _first_sentence(environment: BuildEnvironment, page: str) -> str:
    """Return what a page says first, on one line; nothing where it begins with a table."""
    for paragraph in environment.get_doctree(page).findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            text = " ".join(paragraph.astext().split())
            return text.split(". ")[0].rstrip(".:")
    return ""


def contents(environment: BuildEnvironment) -> str:
    """Return ``llms.txt``."""
    root = environment.config.root_doc
    lines = ["# labloop", "", f"> {SUMMARY}"]
    for section in environment.toctree_includes[root]:
        lines += ["", f"## {environment.titles[section].astext()}", ""]
        for page in _below(environment, section):
            said = _first_sentence(environment, page)
            title = environment.titles[page].astext()
            lines.append(f"- [{title}]({page}.html)" + (f": {said}" if said else ""))
    return "\n".join(lines) + "\n"


def whole_text(environment: BuildEnvironment, folder: Path) -> str:
    """Return ``llms-full.txt``: what the text build wrote into ``folder``, in order."""
    pages = _below(environment, environment.config.root_doc)
    return "\n\n".join((folder / f"{page}.txt").read_text(encoding="utf-8") for page in pages)


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the file that belongs to this build."""
    if error is not None:
        return
    if app.builder.name == "html":
        (app.outdir / "llms.txt").write_text(contents(app.env), encoding="utf-8")
    elif app.builder.name == "text":
        text = whole_text(app.env, app.outdir)
        (app.outdir / "llms-full.txt").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Hook into the build."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
