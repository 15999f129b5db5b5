"""What a self-test says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tested, whether it holds, and a sentence about it."""

    name: str
    holds: bool
    sentence: str
