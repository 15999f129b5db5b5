"""All results that were ever stored of an experiment, and when two of them are the same."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labloop.records import (
    AnalysisRecord,
    OutputValue,
    Repositories,
    ScalarValue,
)

TOLD = "told"
"""Stands for the analysis of outputs that a person told."""


CORRECTED = "corrected"
"""Begins what stands for the analysis of outputs that a person corrected."""


@dataclass(frozen=True, slots=True)
class ResultHistory:
    """All numbers that were ever stored of a campaign's experiments."""

    newest: Mapping[str, dict[str, ScalarValue]] = field(default_factory=dict)
    """Experiment id -> output -> the value that counts."""
    all: Mapping[str, dict[str, list[ScalarValue]]] = field(default_factory=dict)
    """Experiment id -> output -> every value, the oldest first."""

    @classmethod
    def of(cls, analyses: Sequence[AnalysisRecord]) -> "ResultHistory":
        """Return the past that analyses tell, in their order."""
        newest: dict[str, dict[str, ScalarValue]] = defaultdict(dict)
        every: dict[str, dict[str, list[ScalarValue]]] = defaultdict(lambda: defaultdict(list))
        for one in analyses:
            newest[one.experiment_id] |= one.outputs
            for name, value in one.outputs.items():
                every[one.experiment_id][name].append(value)
        return cls(newest, every)

    def had_value(self, experiment_id: str, name: str, value: ScalarValue) -> bool:
        """Return whether an output had this value once."""
        values = self.all.get(experiment_id, {}).get(name, [])
        return any(same_value(each, value) for each in values)

    def matches(self, experiment_id: str, outputs: Mapping[str, OutputValue]) -> bool:
        """Return whether ``outputs`` hold all that an experiment yielded, at any time."""
        mine = self.all.get(experiment_id, {})
        return bool(mine) and all(
            isinstance(value := outputs.get(name), ScalarValue)
            and self.had_value(experiment_id, name, value)
            for name in mine
        )


def is_from_person(analysis: AnalysisRecord) -> bool:
    """Return whether a person told outputs, and no code made them."""
    return analysis.analysis == TOLD or analysis.analysis.split(":")[0] == CORRECTED


def same_value(first: ScalarValue, second: ScalarValue) -> bool:
    """Return whether two results are the same one; a spreadsheet may lose the last digits."""
    near = math.isclose(first.value, second.value, rel_tol=1e-9, abs_tol=0.0)
    if first.sd is None or second.sd is None:
        return near and first.sd == second.sd
    return near and math.isclose(first.sd, second.sd, rel_tol=1e-9, abs_tol=0.0)


def format_value(value: ScalarValue) -> str:
    """Return a result as a person writes it."""
    unit = "" if value.unit == "1" else f" {value.unit}"
    sd = "" if value.sd is None else f" (sd {value.sd:.6g})"
    return f"{value.value:.6g}{unit}{sd}"


def correction_history(repositories: Repositories, campaign_id: str) -> dict[str, list[str]]:
    """Return experiment id -> a sentence for each result that superseded or was corrected."""
    before: dict[str, dict[str, ScalarValue]] = {}
    found: dict[str, list[str]] = {}
    for one in repositories.experiments.analyses(campaign_id):
        seen = before.setdefault(one.experiment_id, {})
        corrected = one.analysis.split(":")[0] == CORRECTED
        for name, value in one.outputs.items():
            old = seen.get(name)
            if old != value and (old is not None or corrected):
                old_text = "nothing" if old is None else format_value(old)
                text = f"{name} {old_text} -> {format_value(value)}, {one.analysis} by {one.actor}"
                found.setdefault(one.experiment_id, []).append(text)
        seen |= one.outputs
    return found
