"""What an experiment takes: hours learned from those done, or a cost that a person states.

Improvement per hour or cost is the logarithm of the improvement less that of the effort (Snoek,
Larochelle and Adams 2012). Hours are learned as a sum of what the conditions take and what it
takes to come there from the conditions before: heating, cooling, changing over.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from labloop.records import FloatArray, Observation, Point
from labloop.space import Numeric, SearchSpace
from labloop.surrogates import GPModel, build_kernel, fit_output

_LEAST = 4
"""Durations from which on more are foretold."""
_RIDGE, _FLOOR = 0.01, 0.3
_NEAR = 50.0
_STEEP = 50.0
"""Log improvement lost for each factor by which an experiment exceeds what is left."""
_PRICED = 128


@dataclass(frozen=True, slots=True)
class EffortRule:
    """What proposals are to be worth most of: improvement per hour, or per unit of cost.

    Attributes:
        cost: what an experiment at a point costs; None learns hours from durations.
        limit: the budget of hours or cost; None without one.
        parallel: how many experiments share an hour.
    """

    cost: Callable[[Point], float] | None = None
    limit: float | None = None
    parallel: int = 1


class Effort:
    """Foretells what experiments take, for one round.

    Attributes:
        told: what was learned, in words.
    """

    def __init__(
        self,
        foretold: Callable[[Tensor, Tensor], Tensor],
        last: Tensor,
        left: float | None,
        told: str,
    ) -> None:
        self._foretold, self._last, self._left = foretold, last, left
        self.told = told

    def log_weight(self, x: Tensor, before: Tensor | None) -> Tensor:
        """Return what is added to a logarithmic acquisition at ``b x d`` points, shape ``b``.

        Args:
            x: encoded points.
            before: ``d``, the point that is carried out before; the last one done if None.
        """
        effort = self._foretold(x, self._last if before is None else before)
        weight = -effort.log()
        if self._left is None:
            return weight
        beyond = (effort.log() - math.log(max(self._left, 1e-12))).clamp_min(0.0)
        return weight - _STEEP * beyond


def learned_effort(
    rule: EffortRule | None, space: SearchSpace, observations: Sequence[Observation]
) -> Effort | None:
    """Return what experiments take, None where nothing is known of it yet.

    Observations come in the order in which they were carried out.
    """
    if rule is None:
        return None
    if rule.cost is not None:
        return _stated(rule, rule.cost, space, observations)
    timed = [(i, o.seconds) for i, o in enumerate(observations) if o.seconds is not None]
    if len(timed) < _LEAST:
        return None
    rows = np.asarray(space.encode([o.point for o in observations]))
    places = np.array([i for i, _ in timed])
    hours = np.array([seconds / 3600.0 for _, seconds in timed])
    before = rows[np.maximum(places - 1, 0)]
    blocks = _blocks(space)
    table = _features(torch.from_numpy(rows[places]), torch.from_numpy(before), blocks).numpy()
    weights = _fitted(table, hours)
    least = _FLOOR * float(hours.min())
    solved = torch.from_numpy(weights)

    def foretold(x: Tensor, previous: Tensor) -> Tensor:
        found: Tensor = _features(x, previous.expand_as(x), blocks) @ solved
        return found.clamp_min(least)

    last = torch.from_numpy(rows[-1])
    left = None if rule.limit is None else rule.limit - float(hours.sum()) / rule.parallel
    return Effort(
        foretold, last, left, f"improvement per hour, learned from {len(hours)} durations"
    )


def _stated(
    rule: EffortRule,
    cost: Callable[[Point], float],
    space: SearchSpace,
    observations: Sequence[Observation],
) -> Effort:
    points = space.sample(min(_PRICED, space.size or _PRICED), 0)
    rows = np.asarray(space.encode(points))
    paid = np.array([cost(point) for point in points])
    least = max(float(paid.max()) * 1e-3, 1e-12)
    logs = np.log(np.maximum(paid, least))
    kernels = [build_kernel("matern", space.features)]
    model = GPModel(torch.from_numpy(rows), [fit_output(kernels, rows, logs, np.zeros(len(rows)))])

    def foretold(x: Tensor, previous: Tensor) -> Tensor:  # noqa: ARG001 - costs hang on the point
        mean: Tensor = model.cross_moments(x, x[:1])[0]
        return mean.clamp(float(logs.min()), float(logs.max())).exp()

    spent = sum(cost(o.point) for o in observations)
    left = None if rule.limit is None else rule.limit - spent
    return Effort(foretold, torch.from_numpy(rows[0]), left, "improvement per cost")


@dataclass(frozen=True, slots=True)
class _Block:
    """One parameter's columns, and the ratio of its bounds where it is a positive number."""

    columns: tuple[int, ...]
    number: bool
    ratio: float
    log: bool


def _blocks(space: SearchSpace) -> list[_Block]:
    made, first = [], 0
    for parameter in space.parameters:
        columns = tuple(range(first, first + parameter.width))
        first += parameter.width
        number = isinstance(parameter, Numeric)
        low, high = parameter.span if isinstance(parameter, Numeric) else (0.0, 0.0)
        log = isinstance(parameter, Numeric) and parameter.log
        made.append(_Block(columns, number, high / low if low > 0 else 0.0, log))
    return made


def _features(x: Tensor, before: Tensor, blocks: Sequence[_Block]) -> Tensor:
    """Return ``b x f``, each from 0 to 1: what the conditions take, and what the way there takes.

    Of a number its value, its inverse (a volume divided by a flow), and its step up and down,
    as it is and on a logarithmic scale: what approaches a target exponentially takes a time that
    grows with the logarithm of the step.
    """
    ones = torch.ones(len(x), dtype=x.dtype)
    found = [ones]
    for block in blocks:
        here, there = x[:, list(block.columns)], before[:, list(block.columns)]
        if not block.number:
            found.append(((here - there).abs().amax(-1) > 1e-9).to(x))
            found += list(here.unbind(-1))
            continue
        u, step = here[:, 0], here[:, 0] - there[:, 0]
        found += [u, 1.0 - u]
        if block.ratio > 1.0:
            value = block.ratio**u if block.log else 1.0 + (block.ratio - 1.0) * u
            found.append((value - 1.0) / (block.ratio - 1.0))
            found.append((1.0 / value - 1.0 / block.ratio) / (1.0 - 1.0 / block.ratio))
        for way in (step.clamp_min(0.0), (-step).clamp_min(0.0)):
            found += [way, torch.log1p(_NEAR * way) / math.log1p(_NEAR)]
    return torch.stack(found, -1)


def _fitted(table: NDArray[np.float64], hours: FloatArray) -> FloatArray:
    """Return weights from 0 of least squared error, small where the data do not ask for more."""
    from scipy.optimize import nnls  # noqa: PLC0415 - only where durations are learned

    scale = float(hours.mean())
    ridge = math.sqrt(_RIDGE * len(hours)) * np.eye(table.shape[1])
    ridge[0, 0] = 1e-6
    target = np.concatenate([hours / scale, np.zeros(table.shape[1])])
    return np.asarray(nnls(np.vstack([table, ridge]), target)[0] * scale)
