"""What a check of a campaign file found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: good, or what to change."""

    good: bool
    text: str
