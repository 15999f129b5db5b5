"""All aims of a campaign together: scores, thresholds, the best result, the front."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labloop.errors import ObjectiveError
from labloop.objectives._aims import Aim, Maximize, Minimize, Target, aim_from_spec
from labloop.objectives._front import hypervolume, unbeaten
from labloop.records import Curve, Dataset, FloatArray, Json, Observation, Output

BoolArray = npt.NDArray[np.bool_]
_DEFAULT_SHARE = 0.1
"""The default reference point lies this share of the range below the worst score."""
_ROUNDING = 1e-12
"""A score that misses its threshold by less, relative to its size, meets it."""


@dataclass(frozen=True, slots=True)
class Objectives:
    """One aim or several, each on an output of its own.

    Raises:
        ObjectiveError: no aim, something that is none, or two aims on one output.
    """

    aims: tuple[Aim, ...]

    def __post_init__(self) -> None:
        if not self.aims:
            raise ObjectiveError("an objective needs at least one aim, such as Maximize('yield')")
        for aim in self.aims:
            if not isinstance(aim, Aim):
                raise ObjectiveError(f"an aim is a Maximize, Minimize or Target, got {aim!r}")
        for name in self.outputs:
            if self.outputs.count(name) > 1:
                raise ObjectiveError(f"output {name!r} has two aims; give it one")

    @classmethod
    def of(cls, wanted: "Aim | Iterable[Aim] | Objectives") -> "Objectives":
        """Return the objectives of one aim, a list of aims, or objectives.

        Raises:
            ObjectiveError: no aims, or a threshold of an aim that stands alone.
        """
        if isinstance(wanted, Objectives):
            return wanted
        if not isinstance(wanted, Aim) and (
            isinstance(wanted, str) or not isinstance(wanted, Iterable)
        ):
            raise ObjectiveError(f"an aim is a Maximize, Minimize or Target, got {wanted!r}")
        aims = (wanted,) if isinstance(wanted, Aim) else tuple(wanted)
        if len(aims) == 1 and getattr(aims[0], "threshold", None) is not None:
            raise ObjectiveError(
                f"the threshold {aims[0].threshold:g} of '{aims[0]}' says from where on a result "
                f"is worth something beside other aims, and there is no other; leave the "
                f"threshold out, or add a second aim"
            )
        return cls(aims)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that are read, one an aim, in order."""
        return tuple(aim.output for aim in self.aims)

    @property
    def count(self) -> int:
        """How many aims there are, ``k``."""
        return len(self.aims)

    @property
    def slope(self) -> float | None:
        """The derivative of the only score by its output where it is constant, else None."""
        if self.count != 1 or isinstance(self.aims[0], Target):
            return None
        return _SIGNS[type(self.aims[0])]

    def __str__(self) -> str:
        return ", ".join(map(str, self.aims))

    def check(self, outputs: Sequence[Output]) -> None:
        """Raise ObjectiveError where an aim names no declared output, or a curve."""
        declared = {output.name: output for output in outputs}
        for aim in self.aims:
            found = declared.get(aim.output)
            if found is None:
                raise ObjectiveError(
                    f"the aim '{aim}' names an output that is not declared; declared are "
                    f"{', '.join(declared) or 'none'}"
                )
            if isinstance(found, Curve):
                raise ObjectiveError(
                    f"the aim '{aim}' names a curve; let the analysis make a number of it and "
                    f"declare that as a Scalar"
                )

    def scores(self, outputs: Any) -> Any:
        """Return scores, all to be maximised, of outputs.

        Args:
            outputs: ``... x m`` numpy array or torch tensor, columns as ``outputs``.

        Returns:
            ``... x k`` of the same kind; only operators are used, so gradients flow.
        """
        if outputs.shape[-1] != self.count:
            raise ObjectiveError(
                f"expected {self.count} columns ({', '.join(self.outputs)}), "
                f"got shape {tuple(outputs.shape)}"
            )
        sign = _like(outputs, [_SIGNS[type(aim)] for aim in self.aims])
        if not any(isinstance(aim, Target) for aim in self.aims):
            return outputs * sign
        targets = [aim if isinstance(aim, Target) else None for aim in self.aims]
        value = _like(outputs, [t.value if t else 0.0 for t in targets])
        tolerance = _like(outputs, [t.tolerance if t else 0.0 for t in targets])
        aimed = _like(outputs, [1.0 if t else 0.0 for t in targets])
        beyond = abs(outputs - value) - tolerance
        # (e + |e|) / 2 is max(e, 0) in operators that numpy and torch share.
        return outputs * sign - aimed * (beyond + abs(beyond)) / 2.0

    def score(self, outputs: Mapping[str, float]) -> tuple[float, ...]:
        """Return the ``k`` scores of one experiment's outputs; raises ObjectiveError."""
        missing = [name for name in self.outputs if name not in outputs]
        if missing:
            raise ObjectiveError(
                f"the outputs lack {', '.join(missing)}, which the objective reads; "
                f"there are {', '.join(outputs) or 'none'}"
            )
        row = np.array([[float(outputs[name]) for name in self.outputs]])
        return tuple(self.scores(row)[0].tolist())

    def measured(self, data: Dataset) -> tuple[tuple[Observation, ...], FloatArray]:
        """Return the observations that have every output, and their ``n x k`` scores."""
        # Called after every experiment for all before it, so the names are collected once.
        names = self.outputs
        wanted = set(names)
        found = tuple(o for o in data.done if wanted <= o.outputs.keys())
        rows = [[o.outputs[name] for name in names] for o in found]
        scores: FloatArray = self.scores(np.array(rows).reshape(len(found), self.count))
        return found, scores

    def meets(self, scores: FloatArray) -> BoolArray:
        """Return which rows of ``n x k`` scores meet every threshold (``n`` booleans)."""
        least = np.array([_least(aim) for aim in self.aims])
        return np.asarray((np.asarray(scores) >= least).all(axis=1))

    def shortfall(self, scores: FloatArray) -> FloatArray:
        """Return by how much each row of ``n x k`` scores misses the thresholds (``n``).

        The sum over aims of the distance to the threshold as a share of the range of the scores,
        0 where it is met.
        """
        scores = np.asarray(scores, dtype=np.float64)
        missing = np.array([_least(aim) for aim in self.aims]) - scores
        ranges = np.ptp(scores, axis=0) if len(scores) else np.ones(self.count)
        return np.asarray((np.maximum(missing, 0.0) / np.where(ranges > 0, ranges, 1.0)).sum(1))

    def best_first(self, scores: FloatArray) -> npt.NDArray[np.int64]:
        """Return row numbers of ``n x k`` scores by shortfall, then by the first score.

        Of equals the earlier one comes first.
        """
        return np.lexsort((-np.asarray(scores)[:, 0], self.shortfall(scores)))

    @property
    def demands(self) -> str:
        """What all thresholds demand, in words: ``y at least 0.8, c at most 0.9``."""
        return ", ".join(_demand(aim) for aim in self.aims if aim.threshold is not None)

    def best_seen(self, data: Dataset) -> Observation | None:
        """Return the best measured experiment, the earlier one of equals.

        With several aims it is the one whose own hypervolume above the reference point is
        greatest; where none lies above it, the one with the greatest sum of scores as shares of
        their ranges. Results that break a threshold are never the best; None where all do.
        """
        found, scores = self.measured(data)
        worth = np.flatnonzero(self.meets(scores))
        if not len(worth):
            return None
        if self.count == 1:
            return found[int(worth[np.argmax(scores[worth, 0])])]
        ranges = np.ptp(scores, axis=0)
        shares = scores[worth] / np.where(ranges > 0, ranges, 1.0)
        reference = np.array(self.reference_of(scores))
        gains = np.maximum(scores[worth] - reference, 0.0) / np.where(ranges > 0, ranges, 1.0)
        volumes = gains.prod(axis=1)
        merit = volumes if volumes.max() > 0 else shares.sum(axis=1)
        return found[int(worth[np.argmax(merit)])]

    def pareto(self, data: Dataset) -> tuple[Observation, ...]:
        """Return the non-dominated experiments (the Pareto front), in the order of the dataset.

        Those that break a threshold are left out.
        """
        found, scores = self.measured(data)
        kept = self.meets(scores) & unbeaten(scores)
        return tuple(o for o, keep in zip(found, kept, strict=True) if keep)

    def reference_point(self, data: Dataset) -> tuple[float, ...]:
        """Return the ``k`` scores from which on a result is worth something.

        The score of the threshold where one is given, else the worst score minus a tenth of the
        range of the scores (where all are equal, a tenth of their size). The tenth is that of
        H. Ishibuchi, N. Akedo, Y. Nojima, GECCO 2011, which BoTorch uses as well.

        Raises:
            ObjectiveError: nothing is measured yet and a threshold is missing.
        """
        return self.reference_of(self.measured(data)[1])

    def reference_of(self, scores: FloatArray) -> tuple[float, ...]:
        """Return what :meth:`reference_point` does, of ``n x k`` scores."""
        point = []
        for aim, column in zip(self.aims, np.asarray(scores).T, strict=True):
            if aim.reference is not None:
                point.append(aim.reference)
                continue
            if not len(column):
                raise ObjectiveError(
                    f"nothing is measured yet, so '{aim}' has no reference; give it a threshold"
                )
            worst, spread = float(column.min()), float(np.ptp(column))
            point.append(worst - _DEFAULT_SHARE * (spread or abs(worst) or 1.0))
        return tuple(point)

    def volume(self, data: Dataset) -> float:
        """Return the volume that the measured front covers above the reference point."""
        scores = self.measured(data)[1]
        return hypervolume(scores, np.array(self.reference_point(data))) if len(scores) else 0.0

    def spec(self) -> dict[str, Json]:
        """Return the aims as plain JSON."""
        return {"schema": 1, "aims": [aim.spec() for aim in self.aims]}

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "Objectives":
        """Return the objectives that ``spec()`` wrote; raises ObjectiveError."""
        if not isinstance(spec, Mapping) or spec.get("schema") != 1:
            raise ObjectiveError(
                "an objective is read from {'schema': 1, 'aims': [...]}; this one was written "
                "by another version"
            )
        return cls(tuple(aim_from_spec(entry) for entry in spec["aims"]))


def _least(aim: Aim) -> float:
    """Return the least score that meets an aim's threshold, less the rounding error of scores."""
    if aim.reference is None:
        return -np.inf
    around = abs(aim.value) if isinstance(aim, Target) else 0.0
    return aim.reference - _ROUNDING * (abs(aim.reference) + around)


def _demand(aim: Aim) -> str:
    if isinstance(aim, Target):
        return f"{aim.output} within {aim.threshold:g} of {aim.value:g}"
    return f"{aim.output} at {'least' if isinstance(aim, Maximize) else 'most'} {aim.threshold:g}"


_SIGNS: dict[type[Aim], float] = {Maximize: 1.0, Minimize: -1.0, Target: 0.0}


def _like(outputs: Any, values: list[float]) -> Any:
    """Return ``values`` as the kind of array that ``outputs`` is, without importing torch."""
    if hasattr(outputs, "new_tensor"):
        return outputs.new_tensor(values)
    return np.array(values)
