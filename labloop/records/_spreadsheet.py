"""Text in tables that a spreadsheet opens or has saved; no cell may become a formula."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ENCODINGS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def cell(text: str) -> str:
    """Return ``text``, with an apostrophe before what a spreadsheet would take for a formula.

    The advice of OWASP against CSV injection.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def uncell(text: str) -> str:
    """Return the text that :func:`cell` was called with."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text


def decoded(content: bytes) -> str:
    """Return the text of a table as spreadsheets save it; raises UnicodeError.

    UTF-8, UTF-16 where a mark says so, else the code page 1252.
    """
    for mark, encoding in _ENCODINGS:
        if content.startswith(mark):
            return content.decode(encoding).lstrip("\ufeff")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # What a spreadsheet on Windows saves in the west of Europe.
        return content.decode("cp1252")
