"""Converts values to columns and back: JSON, text, numbers, times, frames of bytes."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from labloop.errors import DatabaseUnusableError, StoreError

ENGINE = "labloop"
"""The actor of rows that no person asked for."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now() -> int:
    """Return the wall time in microseconds since the epoch; never used for order."""
    return time.time_ns() // 1000


def to_time(moment: datetime | None) -> int:
    """Return an aware datetime as microseconds since the epoch; None is now."""
    if moment is None:
        return now()
    if moment.tzinfo is None:
        raise StoreError(f"a time needs its time zone, got {moment.isoformat()}; use UTC")
    return (moment - _EPOCH) // _MICROSECOND


def from_time(microseconds: int | None) -> datetime | None:
    """Return the aware UTC datetime of ``to_time``; raises DatabaseUnusableError for none."""
    try:
        return None if microseconds is None else _EPOCH + microseconds * _MICROSECOND
    except (OverflowError, TypeError) as error:
        raise DatabaseUnusableError(
            f"the database is damaged: {microseconds!r} is no time ({error}); restore a backup"
        ) from error


def text(value: str, what: str) -> str:
    """Return ``value``; raises StoreError for NUL and for what is no valid Unicode."""
    if "\0" in value:
        raise StoreError(f"{what} holds a NUL character, which no database keeps; remove it")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise StoreError(f"{what} is no valid Unicode text: {error}") from None
    return str(value)


def number(value: float | None, what: str) -> float | None:
    """Return ``value`` as a finite float; None stays None."""
    if value is None:
        return None
    if not math.isfinite(value):
        raise StoreError(f"{what} is {value}; only finite numbers are stored: leave it out")
    return float(value)


def dump(value: Any, what: str) -> str:
    """Return the JSON text of ``value``, keys in their order."""
    try:
        made = json.dumps(
            value, separators=(",", ":"), allow_nan=False, ensure_ascii=False, default=_plain
        )
    except (TypeError, ValueError) as error:
        raise StoreError(f"{what} cannot be stored as JSON: {error}") from None
    if "\\u0000" in made and "\\u0000" in made.replace("\\\\", ""):
        raise StoreError(f"{what} holds a NUL character, which no database keeps; remove it")
    return text(made, what)


def load(made: str) -> Any:
    """Return the value of a JSON text."""
    return json.loads(made)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def plain(value: Any) -> Any:
    """Return a copy of a JSON value made of dict, list and scalars alone."""
    if isinstance(value, np.generic):
        return _plain(value)
    # The most frequent kinds first: this runs for every value that is stored.
    if isinstance(value, (str, float, int)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


def pack(frames: Sequence[bytes]) -> bytes:
    """Return frames as one string of bytes, each after its length (4 bytes, big-endian)."""
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


def unpack(packed: bytes) -> tuple[bytes, ...]:
    """Return the frames of ``pack``."""
    frames: list[bytes] = []
    at = 0
    while at < len(packed):
        end = at + 4 + int.from_bytes(packed[at : at + 4], "big")
        frames.append(bytes(packed[at + 4 : end]))
        at = end
    return tuple(frames)
