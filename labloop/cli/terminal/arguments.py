"""Words of the command line as values, and values as words."""

from collections.abc import Sequence
from datetime import UTC, datetime

from labloop.errors import CampaignError, DefinitionError
from labloop.records import Mode, Point


def mode_of(real: bool) -> Mode:
    """Return the mode that a flag asks for; the default of every verb is simulation."""
    return Mode.REAL if real else Mode.SIMULATED


def parse_pairs(texts: Sequence[str]) -> dict[str, str]:
    """Return ``name=value`` words as a mapping."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise CampaignError(f"expected name=value such as temperature=80, got {text!r}")
        if name in found:
            raise CampaignError(f"{name!r} is given twice; give it once")
        found[name] = value
    return found


def format_point(point: Point, digits: int = 4) -> str:
    """Return the conditions of an experiment, numbers with so many digits."""
    return ", ".join(
        f"{name}={value:.{digits}g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in point.items()
    )


def read_day(text: str, option: str) -> datetime:
    """Return midnight (UTC) of a day such as ``2026-11-30``; raises DefinitionError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise DefinitionError(f"{option} is a day such as 2026-11-30, got {text!r}") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
