"""scikit-optimize as a strategy: its Gaussian process, constant liar for batches."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from labloop.brain.observations import (
    check_count,
    evaluated_points,
    isolated,
    nearest_untried,
    small_seed,
    usable,
)
from labloop.brain.strategies.initial import initial_count
from labloop.brain.strategies.sampling import space_filling
from labloop.errors import MissingExtraError
from labloop.objectives import Objectives
from labloop.records import Dataset, FloatArray, Observation, Point, Proposal, ProposalBatch
from labloop.space import SearchSpace


class SkoptStrategy:
    """The Gaussian process of scikit-optimize with its portfolio of acquisition functions.

    Numbers enter as their encoded columns and categories as categories. What scikit-optimize
    cannot express (pools, mixtures, constraints) is proposed in the unit cube and repaired to
    the nearest legal untried point. Several objectives become one by a weighted Chebyshev
    norm whose weights change from round to round (ParEGO, Knowles 2006).

    Args:
        acquisition: ``gp_hedge``, ``EI``, ``LCB`` or ``PI``.
    """

    name = "skopt"

    def __init__(self, acquisition: str = "gp_hedge") -> None:
        self.acquisition = acquisition

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return proposals of ``skopt.Optimizer``; see ``Strategy.propose``."""
        check_count(n)
        seen = evaluated_points(space, data, pending)
        # Its own space ends at the bounds: a result beyond them would be taken for one on them.
        known = [o for o in usable(space, objective, data) if _within(space, o.point)]
        if len(known) < 1 or len(known) + len(pending) < initial_count(space):
            points = space_filling(space, seen, n, seed)
            reason = "to fill the space: too few results for a model, space-filling start"
            return _batch(points, self.name, reason, "", "", seed)
        rows = np.asarray(space.encode([o.point for o in known]))
        losses = _losses(objective, known, seed)
        waiting = np.asarray(space.encode(list(pending))) if pending else rows[:0]
        with isolated(seed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asked = self._ask(space, rows, losses, waiting, n, seed)
        points = nearest_untried(space, asked, seen.points, n, seed)
        reason = "scikit-optimize Gaussian process; constant liar within a batch"
        return _batch(points, self.name, reason, "skopt GP", self.acquisition, seed)

    def _ask(
        self,
        space: SearchSpace,
        rows: FloatArray,
        losses: FloatArray,
        waiting: FloatArray,
        n: int,
        seed: int,
    ) -> FloatArray:
        try:
            from skopt import Optimizer  # noqa: PLC0415 - an optional dependency
        except ImportError as error:
            raise MissingExtraError("the strategy 'skopt'", "brain") from error
        codec = _Codec(space)
        optimizer: Any = Optimizer(
            codec.dimensions(),
            base_estimator="GP",
            n_initial_points=0,
            acq_func=self.acquisition,
            random_state=small_seed(seed),
        )
        # A result that is under way is assumed to be as good as the best: it repels.
        points = [codec.to_skopt(row) for row in np.vstack([rows, waiting])]
        optimizer.tell(points, [*losses.tolist(), *([float(losses.min())] * len(waiting))])
        asked = optimizer.ask(n_points=n, strategy="cl_min")
        return np.stack([codec.from_skopt(row) for row in asked])


def _within(space: SearchSpace, point: Point) -> bool:
    row = np.asarray(space.encode([point]))
    return bool((row >= 0.0).all() and (row <= 1.0).all())


class _Codec:
    """Between encoded rows and scikit-optimize's points."""

    def __init__(self, space: SearchSpace) -> None:
        columns: dict[str, list[int]] = {}
        coded: set[str] = set()
        for feature in space.features:
            columns.setdefault(feature.parameter, []).append(feature.column)
            if feature.kind in {"onehot", "descriptor"}:
                coded.add(feature.parameter)
        self._width = len(space.features)
        tables = {p.name: p.encode(p.all_codes()) for p in space.parameters if p.name in coded}
        self._blocks = [(cols, tables.get(name)) for name, cols in columns.items()]

    def dimensions(self) -> list[Any]:
        """Return a dimension for each parameter."""
        from skopt.space import Categorical, Real  # noqa: PLC0415 - an optional dependency

        return [
            Real(0.0, 1.0) if table is None else Categorical(list(range(len(table))))
            for _, table in self._blocks
        ]

    def to_skopt(self, row: FloatArray) -> list[float | int]:
        """Return the point of an encoded row."""
        return [
            float(np.clip(row[cols[0]], 0.0, 1.0))
            if table is None
            else int(np.argmin(((table - row[cols]) ** 2).sum(1)))
            for cols, table in self._blocks
        ]

    def from_skopt(self, values: Sequence[Any]) -> FloatArray:
        """Return the encoded row of a point."""
        row = np.zeros(self._width)
        for (cols, table), value in zip(self._blocks, values, strict=True):
            row[cols] = value if table is None else table[int(value)]
        return row


def _losses(objective: Objectives, known: Sequence[Observation], seed: int) -> FloatArray:
    """Return losses (``n``) in units of their spread: what scikit-optimize adds has no unit.

    What breaks a threshold or an outcome constraint is worse than all that breaks none, and the
    worse the more it does.
    """
    outputs = objective.measured(Dataset(tuple(known)))[1]
    scores = np.asarray(objective.scores(outputs))
    if scores.shape[1] == 1:
        away = scores[:, 0].max() - scores[:, 0]
        total = np.asarray(away / (away.std() or 1.0))
    else:
        spread = scores.max(0) - scores.min(0)
        scaled = (scores.max(0) - scores) / np.where(spread > 0, spread, 1.0)
        weighted = scaled * np.random.default_rng(seed).dirichlet(np.ones(scores.shape[1]))
        total = weighted.max(1) + 0.05 * weighted.sum(1)
    short = objective.violation(outputs)
    found: FloatArray = np.where(short > 0, total.max() + short, total)
    return found


def _batch(
    points: Sequence[Point], name: str, reason: str, model: str, acquisition: str, seed: int
) -> ProposalBatch:
    return ProposalBatch(
        tuple(
            Proposal(
                p, strategy=name, reason=reason, model=model, acquisition=acquisition, seed=seed
            )
            for p in points
        )
    )
