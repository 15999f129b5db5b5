"""What a fitted model tells people: predictions with their parts, the best, slices to look at.

All places are predicted in one call: where the physics costs, one batch of
a hundred solves costs little more than one solve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labloop.records import Json, Observation, Point, PointValue, Prediction
from labloop.space import Parameter, SearchSpace, places
from labloop.surrogates import FittedSurrogate, Parted, TrainingData, VarianceParts, told_parts

_Z90 = 1.6448536269514722
_PARTS = ("noise", "parameters", "discrepancy", "between")


@dataclass(frozen=True, slots=True)
class FitSummary:
    """What the report says of a fitted model and its proposals."""

    predicted: Sequence[Mapping[str, Prediction]]
    """What a measurement at each proposal should give, its noise included."""
    report: Mapping[str, Json]
    """``model_best``, ``slices`` and ``uncertainty``, see :func:`summarize_fit`."""


@dataclass(frozen=True, slots=True)
class _Expected:
    """What is expected at N points, ``N x m`` each."""

    mean: Tensor
    value_sd: Tensor
    measured_sd: Tensor
    parts: VarianceParts | None

    def at(self, rows: slice) -> "_Expected":
        parts = self.parts
        if parts is not None:
            parts = VarianceParts(**{k: getattr(parts, k)[rows] for k in ("mean", *_PARTS)})
        return _Expected(self.mean[rows], self.value_sd[rows], self.measured_sd[rows], parts)


def summarize_fit(
    space: SearchSpace,
    training: TrainingData,
    fitted: FittedSurrogate,
    known: Sequence[Observation],
    asked: Sequence[Tensor],
) -> FitSummary:
    """Return what the model says of its proposals, of the experiments and along the parameters.

    Args:
        space: where the experiments lie.
        training: what the model was fitted to, an experiment of ``known`` a row.
        fitted: the model.
        known: the experiments.
        asked: encoded rows of the proposals.

    Returns:
        Predictions of the proposals; in the report ``model_best`` the experiment that the
        model, not a lucky measurement, holds for the best (of one objective), ``slices``
        along every parameter through the best measured experiment, ``uncertainty`` the
        standard deviations at each proposal by where they come from.
    """
    names = training.names if fitted.over == "outputs" else _score_names(training)
    through = known[int(training.objective.best_first(training.outputs.numpy())[0])].point
    along = [(p, places(p)) for p in space.parameters] if fitted.over == "outputs" else []
    lines = _lines(space, through) if along else None
    rows = [*([torch.stack(list(asked))] if asked else []), training.encoded]
    found = _expect(fitted, torch.cat([*rows, *([] if lines is None else [lines])]))
    first, last = len(asked), len(asked) + len(training.encoded)
    there = found.at(slice(first))
    report: dict[str, Json] = {
        "model_best": _model_best(training, fitted, known, found.at(slice(first, last)), names),
        "slices": _slices(along, found.at(slice(last, None)), names),
        "uncertainty": _uncertainty(there, names),
    }
    return FitSummary(_predictions(there, names), report)


def _lines(space: SearchSpace, through: Point) -> Tensor:
    """Return encoded rows along every parameter through a point, legal or not."""
    row, made, first = np.asarray(space.encode([through])), [], 0
    for parameter in space.parameters:
        values = places(parameter)
        line = np.repeat(row, len(values), axis=0)
        codes = np.asarray(parameter.measured_codes(list(values)), dtype=np.float64)
        line[:, first : first + parameter.width] = parameter.encode(codes)
        made.append(line)
        first += parameter.width
    return torch.from_numpy(np.vstack(made))


def expected(
    training: TrainingData, fitted: FittedSurrogate, rows: Tensor
) -> list[Mapping[str, Prediction]]:
    """Return what a measurement at each of ``N x d`` encoded rows should give."""
    names = training.names if fitted.over == "outputs" else _score_names(training)
    return _predictions(_expect(fitted, rows), names) if len(rows) else []


def _predictions(there: _Expected, names: Sequence[str]) -> list[Mapping[str, Prediction]]:
    return [
        {n: _interval(*pair) for n, pair in zip(names, zip(mean, sd, strict=True), strict=True)}
        for mean, sd in zip(there.mean.tolist(), there.measured_sd.tolist(), strict=True)
    ]


def _expect(fitted: FittedSurrogate, rows: Tensor) -> _Expected:
    with torch.no_grad():
        model = fitted.model
        if isinstance(model, Parted):
            parts = told_parts(model, rows)
            value = parts.parameters + parts.discrepancy + parts.between
            measured = value + parts.noise
            return _Expected(parts.mean, value.clamp_min(0).sqrt(), measured.sqrt(), parts)
        # One point a batch: a joint posterior over all of them is not needed.
        value_posterior: Any = fitted.model.posterior(rows.unsqueeze(-2))
        posterior: Any = fitted.model.posterior(rows.unsqueeze(-2), observation_noise=True)
        return _Expected(
            value_posterior.mean.squeeze(-2),
            value_posterior.variance.squeeze(-2).clamp_min(0.0).sqrt(),
            posterior.variance.squeeze(-2).clamp_min(0.0).sqrt(),
            None,
        )


def _score_names(training: TrainingData) -> tuple[str, ...]:
    count = training.scores.shape[1]
    return ("score",) if count == 1 else tuple(f"score {i + 1}" for i in range(count))


def _interval(mean: float, sd: float) -> Prediction:
    return Prediction(mean, sd, mean - _Z90 * sd, mean + _Z90 * sd)


def _model_best(
    training: TrainingData,
    fitted: FittedSurrogate,
    known: Sequence[Observation],
    there: _Expected,
    names: Sequence[str],
) -> Json:
    if training.scores.shape[1] != 1:
        return None
    scores = there.mean[:, 0]
    if fitted.over == "outputs":
        scores = training.objective.scores(there.mean)[:, 0]
        kept = torch.from_numpy(training.objective.keeps(there.mean.numpy()))
        if not bool(kept.any()):
            return None
        scores = torch.where(kept, scores, -torch.inf)
    best = int(scores.argmax())
    expected: dict[str, Json] = {}
    for j, name in enumerate(names):
        made = _interval(float(there.mean[best, j]), float(there.value_sd[best, j]))
        expected[name] = {"mean": made.mean, "sd": made.sd, "low": made.low, "high": made.high}
    return {"experiment_id": known[best].experiment_id, "expected": expected}


def _slices(
    along: Sequence[tuple[Parameter, Sequence[PointValue]]],
    there: _Expected,
    names: Sequence[str],
) -> list[Json]:
    """Return a slice per parameter and output, with 90 % intervals of the underlying value.

    Along a mixture or a pool the places in between are no legal points: the line shows what
    the model believes there.
    """
    made: list[Json] = []
    first = 0
    for parameter, values in along:
        part = there.at(slice(first, first + len(values)))
        first += len(values)
        for j, output in enumerate(names):
            m, s = part.mean[:, j].numpy(), part.value_sd[:, j].numpy()
            if np.isfinite(m).all() and np.isfinite(s).all():
                made.append(
                    {
                        "parameter": parameter.name,
                        "unit": parameter.unit,
                        "output": output,
                        "x": list(values),
                        "mean": [float(v) for v in m],
                        "low": [float(v) for v in m - _Z90 * s],
                        "high": [float(v) for v in m + _Z90 * s],
                    }
                )
    return made


def _uncertainty(there: _Expected, names: Sequence[str]) -> list[Json]:
    parts = there.parts
    if parts is None:
        return []
    sds = {what: getattr(parts, what).clamp_min(0.0).sqrt().tolist() for what in _PARTS}
    return [
        {name: {what: sds[what][i][j] for what in _PARTS} for j, name in enumerate(names)}
        for i in range(len(there.mean))
    ]
