"""Checks of what is handed over: numbers, texts that a person wrote, mappings and lists."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from labloop.errors import DefinitionError, LabloopError
from labloop.units import is_quantity

_NUMERAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+", re.ASCII)


def finite(value: object, what: str, error: type[DefinitionError] = DefinitionError) -> float:
    """Return a finite real number as a float.

    Numbers of Python and numpy are taken, also an array or tensor without axes. A text, a truth
    value and a quantity are refused: ``float()`` would take ``"5"``, ``True`` and 50 %.

    Args:
        value: what was given.
        what: names it at the begin of the message.
        error: the error to raise, that of the room which asks.

    Raises:
        DefinitionError: it is no number, is NaN or infinite, or no float can hold it.
    """
    number = value if type(value) is float else _real(value, what, error)
    if not math.isfinite(number):
        raise error(f"{what} must be finite, got {number}")
    return number


def _real(value: object, what: str, error: type[DefinitionError]) -> float:
    if is_quantity(value):
        raise error(f"{what} must be a number without a unit, got {value}")
    if isinstance(value, (str, bytes, bool, np.bool_)) or getattr(value, "ndim", 0) != 0:
        raise error(f"{what} must be a number, got {value!r:.200}")
    try:
        return float(value)  # type: ignore[arg-type]  # what is no number raises TypeError
    except OverflowError:
        raise error(f"{what} must be a number below 1.8e308, got a larger one") from None
    except (TypeError, ValueError) as cause:
        raise error(f"{what} must be a number, got {value!r:.200}") from cause


def numeral(text: str, *, comma: bool = False) -> float:
    """Return the number that a text is, where it can be read in one way only.

    ASCII digits with a decimal point and an exponent or without. ``1_000``, ``1 000``, digits of
    other scripts, ``nan``, ``inf`` and numbers beyond 1.8e308 are refused.

    Args:
        text: what was written; blanks around it are ignored.
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
    """Return whether the points of a number may separate thousands, as in ``1.234``."""
    return _GROUPED.fullmatch(text.strip()) is not None


def mapping_of(
    value: object, what: str, like: str, error: type[LabloopError] = DefinitionError
) -> dict[Any, Any]:
    """Return a mapping as a dictionary of its own.

    Args:
        value: what was given.
        what: names it at the begin of the message.
        like: an example of what may stand there.
        error: the error to raise, that of the room which asks.

    Raises:
        LabloopError: ``error``, where it is no mapping.
    """
    if not isinstance(value, Mapping):
        raise error(f"{what} is written as {like}, got {value!r:.100}")
    return dict(value)


def list_of(
    value: object, what: str, like: str, error: type[LabloopError] = DefinitionError
) -> list[Any]:
    """Return what can be iterated as a list; a text and a mapping are refused, as above."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise error(f"{what} is written as {like}, got {value!r:.100}")
    return list(value)
