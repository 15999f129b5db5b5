"""Where experiments fail: learned from those that did, so that few more do."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from labloop.brain.observations import legal, usable
from labloop.objectives import Objectives
from labloop.records import Dataset, FloatArray
from labloop.space import Feature, SearchSpace

_SCALES = (1.0, 0.3, 4.0)
"""Lengthscales of a parameter that are compared, the usual one first."""
_CLEAR = 0.5
"""Log evidence by which another one must do better to be taken."""
_PASSES = 2
_NOISE, _LEVEL, _TREND = 0.003, 1.0, 1.0
"""Prior variances of the labels, which are 1 and -1: of each, of their mean, of their slope."""
_SHARE, _AHEAD = 0.15, 2
"""How many may fail after the start, and for how many proposals that is granted beforehand."""
_STAKE, _LEAST_RISK, _MOST_RISK = 0.5, 0.03, 0.5
"""How much of what may still fail one proposal may risk, and the bounds of it."""
_SHIFT, _SHIFT_SD = 0.3, 1.0
"""Prior of how much too sure the model is, in log odds."""
_STEEP = 100.0
_SURE = 1e-3


class FailureModel:
    """The odds that an experiment works, and how great a risk the next proposal may take.

    Least-squares classification (Rasmussen and Williams 2006, 6.5): a Gaussian process on 1
    (worked) and -1 (failed). Its covariance is a linear trend and an exponential, by which the
    chance falls evenly between a place that worked and one that failed: where the edge lies in
    between, nothing tells. Each parameter's lengthscale is chosen by the evidence.

    What an acquisition function proposes lies where the model errs to its favour. So the model
    is judged by what it would have said of each experiment from those before it, and its log
    odds are shifted by what makes that record most probable.

    The risk of a proposal is bounded so that about 15 % fail after the start: where few did, an
    unknown region may be tried, after a failure what comes next is safe. No region is closed
    for good, and an edge is approached in steps.

    Args:
        rows: ``n x d`` encoded points of the experiments, in their order.
        worked: ``n``, 1 where there is a result and 0 where it failed.
        features: what the columns are.
        start: how many of the first experiments were not asked for by a model.
    """

    def __init__(
        self, rows: Tensor, worked: Tensor, features: Sequence[Feature], start: int
    ) -> None:
        x, labels = np.asarray(rows.numpy()), 2.0 * np.asarray(worked.numpy()) - 1.0
        self._factors = torch.from_numpy(_chosen_factors(x, labels, features))
        self._base = rows * self._factors
        root, half, _ = _solve(np.asarray(self._base.numpy()), labels)
        self._alpha = torch.from_numpy(np.linalg.solve(root.T, half))
        foretold = (1.0 + labels - half * np.diag(root)) / 2.0
        self._shift = _too_sure(foretold[2:], labels[2:] > 0)
        failed = float((labels[start:] < 0).sum())
        left = _SHARE * (max(len(labels) - start, 0) + _AHEAD) - failed
        self.risk = min(max(_STAKE * left, _LEAST_RISK), _MOST_RISK)

    def log_odds(self, x: Tensor) -> Tensor:
        """Return the log odds that experiments at ``b x d`` encoded points work, shape ``b``."""
        mean = _covariance(x * self._factors, self._base) @ self._alpha
        chance = ((1.0 + mean) / 2.0).clamp(_SURE, 1.0 - _SURE)
        return torch.logit(chance) - self._shift

    def log_weight(self, x: Tensor) -> Tensor:
        """Return what is added to a logarithmic acquisition at ``b x d`` points, shape ``b``.

        The log probability that the experiment works, and far less where the risk is too great.
        """
        odds = self.log_odds(x)
        least = float(np.log((1.0 - self.risk) / self.risk))
        return torch.nn.functional.logsigmoid(odds) + _STEEP * (odds - least).clamp_max(0.0)


def _covariance(a: Tensor, b: Tensor) -> Tensor:
    square = (a.unsqueeze(-2) - b.unsqueeze(-3)).square().sum(-1)
    # Where points coincide the root has no gradient.
    rough = torch.exp(-square.clamp_min(1e-18).sqrt())
    return _LEVEL + _TREND * (a - 0.5) @ (b - 0.5).T + rough


def _solve(x: FloatArray, labels: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return the Cholesky factor, the whitened labels and the log evidence."""
    table = torch.from_numpy(x)
    covariance = _covariance(table, table).numpy() + _NOISE * np.eye(len(x))
    root = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    half = np.asarray(np.linalg.solve(root, labels), dtype=np.float64)
    return root, half, float(-0.5 * half @ half - np.log(np.diag(root)).sum())


def _chosen_factors(x: FloatArray, labels: FloatArray, features: Sequence[Feature]) -> FloatArray:
    """Return by what each of ``d`` columns is multiplied: an inverse lengthscale a parameter."""
    names = [f.parameter for f in features]
    own = np.array([0.5**0.5 if f.kind == "onehot" else 1.0 for f in features])
    scales = dict.fromkeys(names, _SCALES[0])

    def factors() -> FloatArray:
        return np.asarray(own / np.array([scales[name] for name in names]))

    best = _solve(x * factors(), labels)[2]
    for _ in range(_PASSES):
        for name in scales:
            for scale in _SCALES:
                before, scales[name] = scales[name], scale
                found = _solve(x * factors(), labels)[2]
                if found > best + _CLEAR:
                    best = found
                else:
                    scales[name] = before
    return factors()


def _too_sure(foretold: FloatArray, worked: NDArray[np.bool_]) -> float:
    """Return by how much log odds that were foretold are best lowered, by what then came."""
    chance = np.clip(foretold, 0.02, 0.98)
    odds = np.log(chance / (1.0 - chance))
    hopeful = odds > 0.0
    shifts = np.linspace(-2.0, 5.0, 141)
    right = 1.0 / (1.0 + np.exp(shifts[:, None] - odds[hopeful]))
    record = np.where(worked[hopeful], np.log(right), np.log1p(-right)).sum(1)
    prior = -0.5 * ((shifts - _SHIFT) / _SHIFT_SD) ** 2
    return float(shifts[int(np.argmax(record + prior))])


def learned_failures(
    space: SearchSpace, objective: Objectives, data: Dataset, start: int
) -> FailureModel | None:
    """Return where experiments fail, None where none has or all did."""
    known = {o.experiment_id for o in usable(space, objective, data, incomplete=True)}
    every = [o for o in data.observations if o.experiment_id in known or o.failed]
    every = [o for o in every if o.experiment_id in known or legal(space, [o.point])]
    worked = torch.tensor([0.0 if o.failed else 1.0 for o in every], dtype=torch.float64)
    if not every or bool(worked.all()) or not bool(worked.any()):
        return None
    rows = torch.as_tensor(space.encode([o.point for o in every]), dtype=torch.float64)
    return FailureModel(rows, worked, space.features, start)
