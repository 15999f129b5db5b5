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
_RIDGE, _EXACT, _FLOOR = 0.01, 1e-6, 0.3
_NEAR, _SAME = 50.0, 1e-9
_STEEP = 50.0
"""Log improvement lost for each factor by which an experiment exceeds what is left."""
_PRICED = 128


@dataclass(frozen=True, slots=True)
class EffortRule:
    """What proposals are to be worth most of: improvement per hour, or per unit of cost.

    Attributes:
        cost: what an experiment at a point costs; None learns hours from durations.
        changeover: whether ``cost`` takes the point that is carried out before as well, which is
            None for the first.
        limit: the budget of hours or cost; None without one.
        parallel: how many experiments share an hour.
    """

    cost: Callable[..., float] | None = None
    limit: float | None = None
    parallel: int = 1
    changeover: bool = False

    def spent(self, points: Sequence[Point]) -> float:
        """Return what experiments cost that were carried out one after the other."""
        ways = zip(points, [None, *points], strict=False)
        return sum(self.price(point, before) for point, before in ways)

    def price(self, point: Point, before: Point | None) -> float:
        """Return what one experiment costs after another; 0 where no cost is stated."""
        if self.cost is None:
            return 0.0
        return self.cost(point, before) if self.changeover else self.cost(point)


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
        return _stated(rule, space, observations)
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


def _stated(rule: EffortRule, space: SearchSpace, observations: Sequence[Observation]) -> Effort:
    """Return a stated cost as the acquisition weighs it: of the point, and of the way to it."""
    points = space.sample(min(_PRICED, space.size or _PRICED), 0)
    rows = np.asarray(space.encode(points))
    paid = np.array([rule.price(point, point) for point in points])
    least = max(float(paid.max()) * 1e-3, 1e-12)
    logs = np.log(np.maximum(paid, least))
    kernels = [build_kernel("matern", space.features)]
    model = GPModel(torch.from_numpy(rows), [fit_output(kernels, rows, logs, np.zeros(len(rows)))])
    blocks = _blocks(space)
    weights = _stated_ways(rule, space, points, blocks) if rule.changeover else None

    def foretold(x: Tensor, previous: Tensor) -> Tensor:
        mean: Tensor = model.cross_moments(x, x[:1])[0]
        staying = mean.clamp(float(logs.min()), float(logs.max())).exp()
        if weights is None:
            return staying
        return staying + _ways(x, previous.expand_as(x), blocks, flat=True) @ weights

    done = [o.point for o in observations]
    last = torch.from_numpy(np.asarray(space.encode(done[-1:])) if done else rows[:1])[0]
    left = None if rule.limit is None else rule.limit - rule.spent(done)
    told = "improvement per cost" + (", change-over included" if rule.changeover else "")
    return Effort(foretold, last, left, told)


def _stated_ways(
    rule: EffortRule, space: SearchSpace, points: Sequence[Point], blocks: Sequence["_Block"]
) -> Tensor:
    """Return weights of the ways between points: what changing over costs beside staying.

    Each point is priced after another one, and after itself with one parameter of that, so that
    what each parameter costs is told apart.
    """
    others = [*points[1:], points[0]]
    pairs = list(zip(points, others, strict=True))
    for name in space.names:
        mixed = [
            (point, {**point, name: other[name]})
            for point, other in zip(points, others, strict=True)
        ]
        pairs += [(point, before) for point, before in mixed if space.contains(before)]
    here, there = (torch.from_numpy(np.asarray(space.encode(s))) for s in zip(*pairs, strict=True))
    more = np.array([rule.price(p, before) - rule.price(p, p) for p, before in pairs])
    more = np.maximum(more, 0.0)
    table = _ways(here, there, blocks, flat=True)
    if not more.any():
        return table.new_zeros(table.shape[1])
    return torch.from_numpy(_fitted(table.numpy(), more, free=0, ridge=_EXACT))


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

    Of a number its value, and its inverse (a volume divided by a flow).
    """
    found = [torch.ones(len(x), dtype=x.dtype)]
    for block in blocks:
        here = x[:, list(block.columns)]
        if not block.number:
            found += list(here.unbind(-1))
            continue
        u = here[:, 0]
        found += [u, 1.0 - u]
        if block.ratio > 1.0:
            value = block.ratio**u if block.log else 1.0 + (block.ratio - 1.0) * u
            found.append((value - 1.0) / (block.ratio - 1.0))
            found.append((1.0 / value - 1.0 / block.ratio) / (1.0 - 1.0 / block.ratio))
    return torch.cat([torch.stack(found, -1), _ways(x, before, blocks)], -1)


def _ways(x: Tensor, before: Tensor, blocks: Sequence[_Block], *, flat: bool = False) -> Tensor:
    """Return ``b x f``: what may be paid for on the way between two points, each from 0 to 1.

    Of names whether they differ. Of a number the step up and down, as it is and on a
    logarithmic scale: what approaches a target exponentially takes a time that grows with the
    logarithm of the step. ``flat``: also whether it differs.
    """
    found: list[Tensor] = []
    for block in blocks:
        here, there = x[:, list(block.columns)], before[:, list(block.columns)]
        if flat or not block.number:
            found.append(((here - there).abs().amax(-1) > _SAME).to(x))
        if not block.number:
            continue
        step = here[:, 0] - there[:, 0]
        for way in (step.clamp_min(0.0), (-step).clamp_min(0.0)):
            found += [way, torch.log1p(_NEAR * way) / math.log1p(_NEAR)]
    return torch.stack(found, -1)


def _fitted(
    table: NDArray[np.float64], hours: FloatArray, free: int = 1, ridge: float = _RIDGE
) -> FloatArray:
    """Return weights from 0 of least squared error, small where the data do not ask for more.

    The first ``free`` of them may be of any size.
    """
    from scipy.optimize import nnls  # noqa: PLC0415 - only where durations are learned

    scale = float(hours.mean())
    small = math.sqrt(ridge * len(hours)) * np.eye(table.shape[1])
    small[:free, :free] = 1e-6 * np.eye(free)
    target = np.concatenate([hours / scale, np.zeros(table.shape[1])])
    return np.asarray(nnls(np.vstack([table, small]), target)[0] * scale)
