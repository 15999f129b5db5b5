"""Numbers that a person wrote: in a table, on the command line."""

import math
import re

from labloop.errors import DefinitionError

_NUMERAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+", re.ASCII)


def numeral(text: str, *, comma: bool = False) -> float:
    """Return the number that a text is, where it can be read in one way only.

    ASCII digits with a point, perhaps with an exponent: ``1_000``, ``1 000``, digits of other
    scripts, ``nan``, ``inf`` and what no double can hold are none.

    Args:
        text: what was written; blanks around it do not count.
        comma: whether the decimal sign may be a comma (not a point and a comma together).

    Raises:
        DefinitionError: it is no number; the message begins with the text.
    """
    written = text.strip()
    plain = written.replace(",", ".") if comma and "." not in written else written
    if not _NUMERAL.fullmatch(plain):
        raise DefinitionError(f"{written!r} is no number")
    number = float(plain)
    if not math.isfinite(number):
        raise DefinitionError(f"{written!r} is too large for a number")
    return number


def may_be_grouped(text: str) -> bool:
    """Return whether the points of a number may stand between its thousands: ``1.234``."""
    return _GROUPED.fullmatch(text.strip()) is not None
