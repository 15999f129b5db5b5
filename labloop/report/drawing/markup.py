"""HTML and SVG built from values, escaped by construction.

Only ``Markup`` is written as it is; every other text passes through ``html.escape``. So a
name that somebody stored in the database can never become a tag.
"""

import html
from collections.abc import Iterable


class Markup(str):
    """A text that is already HTML or SVG."""

    __slots__ = ()


_VOID = frozenset({"meta", "br", "hr", "line", "circle", "rect", "path", "polyline", "polygon"})
Child = str | Iterable["Child"]


def el(tag: str, *children: Child, **attributes: str | float | None) -> Markup:
    """Return one element.

    Args:
        tag: its name.
        children: Markup, plain texts (escaped) or iterables of either.
        attributes: ``class_`` for class, underscores for hyphens; None leaves one out.
    """
    shown = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(_text(value), quote=True)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID and not children:
        return Markup(f"<{tag}{shown}/>")
    return Markup(f"<{tag}{shown}>{join(*children)}</{tag}>")


def join(*children: Child) -> Markup:
    """Return children one after the other, escaped where they are no Markup."""
    return Markup("".join(_render(child) for child in children))


def _render(child: Child) -> str:
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return html.escape(child, quote=False)
    return "".join(_render(inner) for inner in child)


def _text(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)
