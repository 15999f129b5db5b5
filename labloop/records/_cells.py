"""Text in the cells of a table that a spreadsheet will open."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def uncell(text: str) -> str:
    """Return what :func:`cell` was given."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text
