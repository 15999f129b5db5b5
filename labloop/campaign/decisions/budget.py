"""How long a campaign may go on: budget and stop rules."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from labloop.errors import CampaignFileError
from labloop.records import Json, finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a campaign may use up; the first limit that is reached ends it.

    All three are counted when an experiment has ended, from what is stored of it, so that a
    restart changes none of them.

    Attributes:
        experiments: how many experiments may be done or failed.
        hours: how much lab time may be used, in hours: the time in which at least one
            experiment is under way, whatever becomes of it. Parallel ones share their time; a
            pause, the brain's thinking and a lab that stands still cost nothing. An experiment
            that was cut off by the death of its process counts up to the last thing that the
            journal knows of it.
        cost: how much may be spent, in the unit of the spec's ``cost`` function: every
            experiment that was begun costs, also one that is uncertain or was abandoned.
    """

    experiments: int | None = None
    hours: float | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        given = {"experiments": self.experiments, "hours": self.hours, "cost": self.cost}
        if all(value is None for value in given.values()):
            raise CampaignFileError(
                "a budget needs at least one of experiments, hours and cost; "
                "write for example Budget(experiments=30)"
            )
        for name, value in given.items():
            if value is not None and finite(value, f"budget {name}", CampaignFileError) <= 0:
                raise CampaignFileError(f"budget {name} must be above 0, got {value}")
        if self.experiments is not None:
            check_whole(self.experiments, "budget experiments")

    def spec(self) -> dict[str, Json]:
        """Return the budget as plain JSON."""
        return {"experiments": self.experiments, "hours": self.hours, "cost": self.cost}


class StopRule(Protocol):
    """Ends a campaign before its budget does."""

    def met(self, scores: Sequence[float]) -> str | None:
        """Return why to stop, or None.

        Args:
            scores: first aim of each finished experiment, in order, larger is better; minus
                infinity where it breaks the threshold of an aim.
        """
        ...


@dataclass(frozen=True, slots=True)
class Reached:
    """Stop when the first aim has reached ``score`` (for Minimize: the negated output)."""

    score: float

    def __post_init__(self) -> None:
        finite(self.score, "the score of Reached", CampaignFileError)

    def met(self, scores: Sequence[float]) -> str | None:
        """Return why to stop, or None."""
        if scores and max(scores) >= self.score:
            return f"the aim of {self.score:g} was reached ({max(scores):g})"
        return None


@dataclass(frozen=True, slots=True)
class NoImprovement:
    """Stop when the last ``experiments`` brought less than ``by`` above the best before."""

    experiments: int
    by: float = 0.0

    def __post_init__(self) -> None:
        check_whole(self.experiments, "the experiments of NoImprovement")
        finite(self.by, "the improvement of NoImprovement", CampaignFileError)

    def met(self, scores: Sequence[float]) -> str | None:
        """Return why to stop, or None."""
        if len(scores) <= self.experiments:
            return None
        before = max(scores[: -self.experiments])
        if before == -math.inf:
            # Nothing was worth anything yet, so nothing could be improved.
            return None
        if max(scores[-self.experiments :]) <= before + self.by:
            return f"no improvement in {self.experiments} experiments (best {before:g})"
        return None


def check_whole(value: object, what: str) -> None:
    """Raise CampaignFileError unless ``value`` is a whole number from 1 that can be counted to."""
    number = finite(value, what, CampaignFileError)
    if number != int(number):
        raise CampaignFileError(f"{what} must be a whole number, got {value!r}")
    if not 1 <= number < 2**63:
        raise CampaignFileError(f"{what} must be a whole number from 1, got {value!r:.40}")
