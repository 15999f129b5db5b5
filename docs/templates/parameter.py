"""A kind of parameter: values that double, such as a series of dilutions.

Copy into ``labloop/space/parameters/``, and tell these of it:

- the faces ``labloop/space/parameters/__init__.py``, ``labloop/space/__init__.py`` and, where
  campaign files use it, ``labloop/__init__.py``
- ``_MAKERS`` in ``labloop/space/_from_json.py``: a stored space is read with it
- ``docs/reference/campaign-file.md``, CHANGELOG.md
- a test of its own, and a case of ``labloop.testing.strategies`` where strategies must know it
"""

from dataclasses import dataclass

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray, Json
from labloop.space import Numeric


@dataclass(frozen=True, slots=True)
class Doublings(Numeric):
    """``first``, twice as much, four times as much, ...: ``times`` doublings, in ``unit``.

    Raises:
        SpaceError: ``first`` is not above 0, or nothing is doubled.
    """

    name: str
    first: float
    times: int
    unit: str = "1"

    def __post_init__(self) -> None:
        if not self.first > 0 or self.times < 1:
            raise SpaceError(
                f"parameter {self.name!r} doubles a number above 0 at least once, got first "
                f"{self.first} and times {self.times}"
            )

    @property
    def log(self) -> bool:  # type: ignore[override]
        """Its values lie evenly in the logarithm."""
        return True

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return self.first, self.first * 2.0**self.times

    @property
    def count(self) -> int:
        """How many values there are."""
        return self.times + 1

    def level(self, index: FloatArray) -> FloatArray:
        """Return the values of the given indices."""
        return np.asarray(self.first * 2.0**index)

    def index_below(self, numbers: FloatArray) -> FloatArray:
        """Return the index of the greatest value that is not above each number."""
        return np.asarray(np.floor(np.log2(numbers / self.first) + 1e-9))

    def spec(self) -> dict[str, Json]:
        """Return the declaration as plain JSON."""
        return {
            "type": "doublings",
            "name": self.name,
            "first": self.first,
            "times": self.times,
            "unit": self.unit,
        }
