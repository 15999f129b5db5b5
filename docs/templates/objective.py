"""A kind of objective: everything between two bounds is equally good.

First ask whether it is one: what is computed of several outputs belongs into ``analyse``, and
``Target(output, middle, tolerance=half)`` says the same as this template.

Copy into ``labloop/objectives/_aims.py``, and tell these of it:

- ``Aim`` and ``_MAKERS`` in the same file, the face ``labloop/objectives/__init__.py`` and
  ``labloop/__init__.py``
- ``labloop/objectives/_objectives.py``: how outputs become scores, in numpy and in torch
- ``docs/reference/campaign-file.md``, CHANGELOG.md, and a case of ``labloop.testing.strategies``
"""

from dataclasses import dataclass

from labloop.errors import ObjectiveError
from labloop.records import Json


@dataclass(frozen=True, slots=True)
class Between:
    """``output`` between ``low`` and ``high``; score: minus the distance beyond them.

    ``threshold``: with several aims, farther outside than this is worth nothing. All three are
    in the output's unit.

    Raises:
        ObjectiveError: there is nothing between the bounds.
    """

    output: str
    low: float
    high: float
    threshold: float | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ObjectiveError(
                f"{self.output!r} cannot lie between {self.low:g} and {self.high:g}; "
                "give the lower bound first"
            )

    def __str__(self) -> str:
        return f"keep {self.output} between {self.low:g} and {self.high:g}"

    @property
    def reference(self) -> float | None:
        """The score of the threshold."""
        return None if self.threshold is None else -self.threshold

    def score(self, value: float) -> float:
        """Return the score of one measured value: 0 inside, less outside."""
        return -max(0.0, self.low - value, value - self.high)

    def spec(self) -> dict[str, Json]:
        """Return the declaration as plain JSON."""
        return {
            "type": "between",
            "output": self.output,
            "low": self.low,
            "high": self.high,
            "threshold": self.threshold,
        }
