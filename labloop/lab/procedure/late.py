"""Late results: what a procedure waits for outside of the lab, for hours or for days."""

from collections.abc import Mapping
from dataclasses import dataclass

from labloop.errors import DefinitionError, ProcedureError
from labloop.records import JournalEntry, Json, numeral
from labloop.units import check_unit, convert, is_quantity, magnitude, split_quantity

TEXT = "text"
"""The unit of an answer in words."""
_KEY = "later"
"""The argument of a step's intent by which a late result is known."""


class AwaitsResult(BaseException):
    """Leaves a procedure, which is entered again when its late result is there.

    Not an Exception, so that a procedure's ``except Exception`` lets it pass; what must be undone
    is undone on the way.
    """


@dataclass(frozen=True, slots=True)
class LateResult:
    """What is waited for.

    Attributes:
        step: its name.
        question: what a person is asked for.
        unit: of the answer; ``"1"`` for a plain number, ``"text"`` for words.
    """

    step: str
    question: str
    unit: str

    @classmethod
    def of(cls, entry: JournalEntry) -> "LateResult | None":
        """Return what a step waits for, or waited; None where it is another one."""
        asked = entry.intent.arguments.get(_KEY)
        if not isinstance(asked, Mapping):
            return None
        return cls(entry.intent.name, str(asked["question"]), str(asked["unit"]))

    def __post_init__(self) -> None:
        if not self.question:
            raise ProcedureError(f"lab.later({self.step!r}, ...) needs what a person is asked for")
        if self.unit not in {TEXT, "1"}:
            check_unit(self.unit)

    @property
    def arguments(self) -> dict[str, Json]:
        """What is stored of it."""
        return {_KEY: {"question": self.question, "unit": self.unit}}

    @property
    def words(self) -> str:
        """What is waited for, as a person reads it."""
        unit = "" if self.unit in {TEXT, "1"} else f" [{self.unit}]"
        return f"waits for {self.step}: {self.question}{unit}"

    def text(self, value: object) -> str:
        """Return a value as a person would type it; raises UnitError for another dimension."""
        if is_quantity(value):
            return repr(float(magnitude(value, self.unit, f"the late result {self.step!r}")))
        return str(value)

    def result(self, text: str) -> Json:
        """Return what a person typed, as the step's result.

        Raises:
            ProcedureError: it is no number, or in a unit of another dimension.
        """
        if self.unit == TEXT:
            return text
        wanted = "a number" if self.unit == "1" else f"a number in {self.unit}, such as 3.5"
        try:
            value = self._number(text)
        except DefinitionError as error:
            raise ProcedureError(f"{self.step} is {wanted}, got {text!r}: {error}") from error
        return value if self.unit == "1" else {"value": value, "unit": self.unit}

    def _number(self, text: str) -> float:
        try:
            return numeral(text)
        except DefinitionError:
            if self.unit == "1":
                raise
        return convert(*split_quantity(text), self.unit)


def is_open_late(entry: JournalEntry) -> bool:
    """Return whether an entry of the journal is a late result that has not come."""
    return entry.outcome is None and LateResult.of(entry) is not None
