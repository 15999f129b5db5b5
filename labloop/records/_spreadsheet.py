"""Text in tables that a spreadsheet may open: no cell may become a formula."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """Return ``text``, with an apostrophe before what a spreadsheet would take for a formula.

    The advice of OWASP against CSV injection.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def uncell(text: str) -> str:
    """Return the text that :func:`cell` was called with."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text
