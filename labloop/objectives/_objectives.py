"""All aims and outcome constraints of a campaign, as scores that are to be maximised."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labloop.errors import ObjectiveError
from labloop.objectives._aims import Aim, Maximize, Minimize, Target, aim_from_spec
from labloop.objectives._constraints import (
    OutcomeConstraint,
    constraint_from_spec,
    refuse_contradictions,
    refuse_impossible,
)
from labloop.objectives._front import hypervolume, unbeaten
from labloop.records import Curve, Dataset, FloatArray, Json, Observation, Output, Scalar

BoolArray = npt.NDArray[np.bool_]
_DEFAULT_SHARE = 0.1
"""The default reference point lies this share of the range below the worst score."""
_ROUNDING = 1e-12
"""A score that misses its threshold by less, relative to its size, meets it."""


@dataclass(frozen=True, slots=True)
class Objectives:
    """One aim or several, each on an output of its own, and what other outputs must keep.

    A result is *feasible* where it breaks no threshold of an aim and no outcome constraint.

    Raises:
        ObjectiveError: no aim, something that is none, two aims or two outcome constraints on
            one output.
    """

    aims: tuple[Aim, ...]
    constraints: tuple[OutcomeConstraint, ...] = ()

    def __post_init__(self) -> None:
        if not self.aims:
            raise ObjectiveError("an objective needs at least one aim, such as Maximize('yield')")
        for aim in self.aims:
            if not isinstance(aim, Aim):
                raise ObjectiveError(f"an aim is a Maximize, Minimize or Target, got {aim!r}")
        for constraint in self.constraints:
            if not isinstance(constraint, OutcomeConstraint):
                raise ObjectiveError(
                    "constraints are outcome constraints such as OutcomeConstraint('impurity', "
                    f"at_most=5), got {constraint!r}; constraints between parameters belong into "
                    "the space"
                )
        _refuse_twice([aim.output for aim in self.aims], "aims; give it one")
        _refuse_twice(
            [constraint.output for constraint in self.constraints],
            "outcome constraints; give both bounds to one, at_least=... and at_most=...",
        )
        refuse_contradictions([_worth(aim) for aim in self.aims], self.constraints)

    @classmethod
    def of(
        cls,
        wanted: "Aim | Iterable[Aim] | Objectives",
        constraints: Iterable[OutcomeConstraint] = (),
    ) -> "Objectives":
        """Return the objectives of one aim, a list of aims, or objectives.

        Raises:
            ObjectiveError: no aims, a threshold of an aim that stands alone, or constraints
                that are no list of outcome constraints.
        """
        kept = wanted.constraints if isinstance(wanted, Objectives) else ()
        aims = wanted.aims if isinstance(wanted, Objectives) else _aims_of(wanted)
        if len(aims) == 1 and getattr(aims[0], "threshold", None) is not None:
            raise ObjectiveError(
                f"the threshold {aims[0].threshold:g} of '{aims[0]}' says from where on a result "
                f"is worth something beside other aims, and there is no other; leave the "
                f"threshold out, add a second aim, or say what must be kept by "
                f"OutcomeConstraint({aims[0].output!r}, at_least=...)"
            )
        more = _constraints_of(constraints)
        if isinstance(wanted, Objectives) and not more:
            return wanted
        return cls(aims, (*kept, *more))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The ``m`` outputs that are read: one an aim, in order, then those of constraints."""
        every = [aim.output for aim in self.aims]
        every += [constraint.output for constraint in self.constraints]
        return tuple(dict.fromkeys(every))

    @property
    def count(self) -> int:
        """How many aims there are, ``k``."""
        return len(self.aims)

    @property
    def bounds(self) -> tuple[tuple[int, float, float], ...]:
        """Of each outcome constraint: column of ``outputs``, least and greatest allowed value."""
        return tuple((self.outputs.index(c.output), *c.bounds) for c in self.constraints)

    @property
    def slope(self) -> float | None:
        """The derivative of the only score by its output where it is constant, else None."""
        if self.count != 1 or isinstance(self.aims[0], Target):
            return None
        return _SIGNS[type(self.aims[0])]

    def __str__(self) -> str:
        aims, kept = ", ".join(map(str, self.aims)), ", ".join(map(str, self.constraints))
        return f"{aims}, with {kept}" if kept else aims

    def check(self, outputs: Sequence[Output]) -> None:
        """Raise ObjectiveError where an aim or constraint names no declared output, or a curve."""
        declared = {output.name: output for output in outputs}
        every = [(f"aim '{aim}'", aim.output) for aim in self.aims]
        every += [(f"outcome constraint '{c}'", c.output) for c in self.constraints]
        for what, name in every:
            found = declared.get(name)
            if found is None:
                raise ObjectiveError(
                    f"the {what} names an output that is not declared; declared are "
                    f"{', '.join(declared) or 'none'}"
                )
            if isinstance(found, Curve):
                raise ObjectiveError(
                    f"the {what} names a curve; let the analysis make a number of it and "
                    f"declare that as a Scalar"
                )
        scalars = [output for output in outputs if isinstance(output, Scalar)]
        refuse_impossible(self.constraints, {s.name: s.bounds for s in scalars if s.bounds})

    def scores(self, outputs: Any) -> Any:
        """Return scores, all to be maximised, of outputs.

        Args:
            outputs: ``... x m`` numpy array or torch tensor, columns as ``outputs``.

        Returns:
            ``... x k`` of the same kind; only operators are used, so gradients flow.
        """
        if outputs.shape[-1] != len(self.outputs):
            raise ObjectiveError(
                f"expected {len(self.outputs)} columns ({', '.join(self.outputs)}), "
                f"got shape {tuple(outputs.shape)}"
            )
        outputs = outputs[..., : self.count]
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
        """Return the observations that have every output, and their ``n x m`` outputs."""
        # Called after every experiment for all before it, so the names are collected once.
        names = self.outputs
        wanted = set(names)
        found = tuple(o for o in data.done if wanted <= o.outputs.keys())
        rows = [[o.outputs[name] for name in names] for o in found]
        return found, np.array(rows, dtype=np.float64).reshape(len(found), len(names))

    def feasible(self, outputs: FloatArray) -> BoolArray:
        """Return which rows of ``n x m`` outputs break no threshold and no outcome constraint.

        A value on its bound is feasible.
        """
        outputs = np.asarray(outputs, dtype=np.float64)
        least = np.array([_least(aim) for aim in self.aims])
        met = (np.asarray(self.scores(outputs)) >= least).all(axis=1)
        return np.asarray(met & self.keeps(outputs))

    def keeps(self, outputs: FloatArray) -> BoolArray:
        """Return which rows of ``n x m`` outputs break no outcome constraint."""
        outputs = np.asarray(outputs, dtype=np.float64)
        kept = np.ones(len(outputs), dtype=bool)
        for column, low, high in self.bounds:
            kept &= (outputs[:, column] >= low) & (outputs[:, column] <= high)
        return kept

    def breaks(self, outputs: Mapping[str, float]) -> tuple[str, ...]:
        """Return the thresholds and constraints that one experiment breaks, in words.

        Raises:
            ObjectiveError: an output is missing.
        """
        scores = self.score(outputs)
        broken = [_demand(a) for a, s in zip(self.aims, scores, strict=True) if s < _least(a)]
        for constraint in self.constraints:
            low, high = constraint.bounds
            if not low <= outputs[constraint.output] <= high:
                broken.append(str(constraint))
        return tuple(broken)

    def violation(self, outputs: FloatArray) -> FloatArray:
        """Return by how much rows of ``n x m`` outputs miss thresholds and constraints (``n``).

        The sum of the distances to thresholds and bounds, each as a share of the range of the
        measured values, 0 where it is met.
        """
        outputs = np.asarray(outputs, dtype=np.float64)
        scores = np.asarray(self.scores(outputs))
        missing = [np.array([_least(aim) for aim in self.aims]) - scores]
        ranges = [_ranges(scores)]
        for column, low, high in self.bounds:
            y = outputs[:, column : column + 1]
            missing.append(np.maximum(low - y, y - high))
            ranges.append(_ranges(y))
        total = np.maximum(np.hstack(missing), 0.0) / np.concatenate(ranges)
        return np.asarray(total.sum(1))

    def best_first(self, outputs: FloatArray) -> npt.NDArray[np.int64]:
        """Return row numbers of ``n x m`` outputs: by violation, then by the first score.

        Of equals the earlier one comes first.
        """
        scores = np.asarray(self.scores(np.asarray(outputs)))
        return np.lexsort((-scores[:, 0], self.violation(outputs)))

    @property
    def demands(self) -> str:
        """What thresholds and constraints demand, in words: ``y at least 0.8, c at most 0.9``."""
        thresholds = [_demand(aim) for aim in self.aims if aim.threshold is not None]
        return ", ".join([*thresholds, *map(str, self.constraints)])

    def best_seen(self, data: Dataset) -> Observation | None:
        """Return the best measured experiment that is feasible, the earlier one of equals.

        With several aims it is the one whose own hypervolume above the reference point is
        greatest; where none lies above it, the one with the greatest sum of scores as shares of
        their ranges. None where no result is feasible.
        """
        found, outputs = self.measured(data)
        feasible = np.flatnonzero(self.feasible(outputs))
        if not len(feasible):
            return None
        scores: FloatArray = self.scores(outputs)
        if self.count == 1:
            return found[int(feasible[np.argmax(scores[feasible, 0])])]
        shares = scores[feasible] / _ranges(scores)
        reference = np.array(self.reference_of(scores))
        gains = np.maximum(scores[feasible] - reference, 0.0) / _ranges(scores)
        volumes = gains.prod(axis=1)
        merit = volumes if volumes.max() > 0 else shares.sum(axis=1)
        return found[int(feasible[np.argmax(merit)])]

    def pareto(self, data: Dataset) -> tuple[Observation, ...]:
        """Return the feasible experiments that no other feasible one dominates (Pareto front).

        They stand in the order of the dataset.
        """
        found, outputs = self.measured(data)
        scores, feasible = self.scores(outputs), self.feasible(outputs)
        kept = feasible.copy()
        kept[feasible] = unbeaten(scores[feasible])
        return tuple(o for o, keep in zip(found, kept, strict=True) if keep)

    def reference_point(self, data: Dataset) -> tuple[float, ...]:
        """Return the ``k`` scores from which on a result is worth something.

        The score of the threshold where one is given, else the worst score minus a tenth of the
        range of the scores (where all are equal, a tenth of their size). The tenth is that of
        H. Ishibuchi, N. Akedo, Y. Nojima, GECCO 2011, which BoTorch uses as well.

        Raises:
            ObjectiveError: nothing is measured yet and a threshold is missing.
        """
        return self.reference_of(self.scores(self.measured(data)[1]))

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
        """Return the volume that the measured front covers above the reference point.

        The front is that of the feasible results.
        """
        outputs = self.measured(data)[1]
        scores = self.scores(outputs)[self.feasible(outputs)]
        return hypervolume(scores, np.array(self.reference_point(data))) if len(scores) else 0.0

    def spec(self) -> dict[str, Json]:
        """Return aims and constraints as plain JSON.

        Schema 2 where there are constraints: a version that knows none must not plan without.
        """
        aims: list[Json] = [aim.spec() for aim in self.aims]
        if not self.constraints:
            return {"schema": 1, "aims": aims}
        return {"schema": 2, "aims": aims, "constraints": [c.spec() for c in self.constraints]}

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "Objectives":
        """Return the objectives that ``spec()`` wrote; raises ObjectiveError."""
        if not isinstance(spec, Mapping) or spec.get("schema") not in {1, 2}:
            raise ObjectiveError(
                "an objective is read from {'schema': 1, 'aims': [...]}; this one was written "
                "by another version"
            )
        return cls(
            tuple(aim_from_spec(entry) for entry in spec["aims"]),
            tuple(constraint_from_spec(entry) for entry in spec.get("constraints", ())),
        )


def _aims_of(wanted: "Aim | Iterable[Aim]") -> tuple[Aim, ...]:
    if isinstance(wanted, Aim):
        return (wanted,)
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        raise ObjectiveError(f"an aim is a Maximize, Minimize or Target, got {wanted!r}")
    return tuple(wanted)


def _constraints_of(given: object) -> tuple[OutcomeConstraint, ...]:
    if isinstance(given, OutcomeConstraint):
        return (given,)
    if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable):
        raise ObjectiveError(
            "constraints is a list such as [OutcomeConstraint('impurity', at_most=5)], "
            f"got {given!r}"
        )
    return tuple(given)


def _worth(aim: Aim) -> tuple[str, float, float]:
    """Return the output of an aim, and the values that its threshold allows."""
    least, most = -math.inf, math.inf
    if aim.threshold is not None and isinstance(aim, Maximize):
        least = aim.threshold
    if aim.threshold is not None and isinstance(aim, Minimize):
        most = aim.threshold
    return aim.output, least, most


def _refuse_twice(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ObjectiveError(f"output {name!r} has two {what}")


def _ranges(values: FloatArray) -> FloatArray:
    """Return the range of each column of ``n x k`` values, 1 where it is nothing."""
    ranges = np.ptp(values, axis=0) if len(values) else np.ones(values.shape[1])
    return np.where(ranges > 0, ranges, 1.0)


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
