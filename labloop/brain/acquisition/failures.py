"""Where experiments fail: learned from those that did, so that few more do."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from labloop.brain.acquisition.probit import latent_posterior
from labloop.brain.observations import legal, usable
from labloop.objectives import Objectives
from labloop.records import Dataset, FloatArray
from labloop.space import Feature, SearchSpace

_VARIANCE = 100.0
"""Prior variance of the latent process: steps, beside the unit noise of a label."""
_LEVEL, _TREND, _ROUGH = 1.0, 10.0, 1.0
"""Parts of it: the level, the slope by each encoded column, the exponential."""
_JITTER = 1e-6
_KNOWN = 120
"""Experiments that it knows; of more those nearest to the edge, and some of the others."""
_SHARE = 0.15
"""How many of the experiments may fail."""
_RISK, _CAREFUL = 0.13, 0.5
"""What a proposal may risk while as many failed as may, and how much less after one more."""
_LEAST_RISK, _MOST_RISK = 0.03, 0.5
_STEEP = 1e4
_SURE = 7.0


class FailureModel:
    """The odds that an experiment works, and how great a risk the next proposal may take.

    A latent Gaussian process whose sign tells what works (probit, by expectation propagation;
    Rasmussen and Williams 2006, 3.6). Its covariance is a level, a linear trend and an
    exponential of large variance, so that it steps: between a place that worked and one that
    failed the chance falls evenly, and where the edge lies in between, nothing tells. The trend
    carries an edge that was found in one place to others.

    The risk of a proposal is bounded so that about 15 % of the experiments fail, the start
    included: each failure beyond that share makes the next proposals more careful, each result
    less so. No region is closed for good, and an edge is approached in steps.

    Args:
        rows: ``n x d`` encoded points of the experiments, in their order.
        worked: ``n``, 1 where there is a result and 0 where it failed.
        features: what the columns are.
    """

    def __init__(self, rows: Tensor, worked: Tensor, features: Sequence[Feature]) -> None:
        # Two categories are as far apart as the two ends of a number.
        self._factors = torch.tensor(
            [0.5**0.5 if f.kind == "onehot" else 1.0 for f in features], dtype=rows.dtype
        )
        labels = 2.0 * np.asarray(worked.numpy()) - 1.0
        kept = _telling(np.asarray((rows * self._factors).numpy()), labels)
        self._base = (rows * self._factors)[torch.from_numpy(kept)]
        covariance = _covariance(self._base, self._base).numpy() + _JITTER * np.eye(len(kept))
        found = latent_posterior(covariance, labels[kept])
        self._alpha, self._half = torch.from_numpy(found.alpha), torch.from_numpy(found.half)
        excess = float((labels < 0).sum()) - _SHARE * len(labels)
        self.risk = min(max(_RISK * math.exp(-_CAREFUL * excess), _LEAST_RISK), _MOST_RISK)

    def log_odds(self, x: Tensor) -> Tensor:
        """Return the log odds that experiments at ``b x d`` encoded points work, shape ``b``."""
        x = x * self._factors
        cross = _covariance(x, self._base)
        prior = _VARIANCE * (_LEVEL + _ROUGH + _TREND * (x - 0.5).square().sum(-1))
        variance = (prior - (cross @ self._half.T).square().sum(-1)).clamp_min(0.0)
        score = cross @ self._alpha / (1.0 + variance).sqrt()
        odds: Tensor = torch.special.log_ndtr(score) - torch.special.log_ndtr(-score)
        return odds.clamp(-_SURE, _SURE)

    def log_weight(self, x: Tensor) -> Tensor:
        """Return what is added to a logarithmic acquisition at ``b x d`` points, shape ``b``.

        The log probability that the experiment works, and far less where the risk is too great.
        """
        odds = self.log_odds(x)
        least = float(np.log((1.0 - self.risk) / self.risk))
        # Where the best is found nothing safe is hoped for any more, and the logarithm of the
        # improvement is below -1000: less must be left of what is beyond.
        return torch.nn.functional.logsigmoid(odds) + _STEEP * (odds - least).clamp_max(0.0)


def _covariance(a: Tensor, b: Tensor) -> Tensor:
    square = (a.unsqueeze(-2) - b.unsqueeze(-3)).square().sum(-1)
    # Where points coincide the root has no gradient.
    rough = torch.exp(-square.clamp_min(1e-18).sqrt())
    return _VARIANCE * (_LEVEL + _TREND * (a - 0.5) @ (b - 0.5).T + _ROUGH * rough)


def _telling(rows: FloatArray, labels: FloatArray) -> NDArray[np.int64]:
    """Return which experiments say most of where the edge lies, in their order."""
    if len(rows) <= _KNOWN:
        return np.arange(len(rows))
    failed, worked = np.flatnonzero(labels < 0), np.flatnonzero(labels > 0)
    away = np.empty(len(rows))
    for own, other in ((failed, worked), (worked, failed)):
        away[own] = [float(((rows[other] - rows[i]) ** 2).sum(1).min()) for i in own]
    order = np.argsort(away, kind="stable")
    near, others = order[: _KNOWN // 2], np.sort(order[_KNOWN // 2 :])
    spread = np.linspace(0, len(others) - 1, _KNOWN - len(near)).astype(np.int64)
    return np.sort(np.concatenate([near, others[spread]]))


def learned_failures(
    space: SearchSpace, objective: Objectives, data: Dataset
) -> FailureModel | None:
    """Return where experiments fail, None where none has or all did."""
    known = {o.experiment_id for o in usable(space, objective, data, incomplete=True)}
    every = [o for o in data.observations if o.experiment_id in known or o.failed]
    every = [o for o in every if o.experiment_id in known or legal(space, [o.point])]
    worked = torch.tensor([0.0 if o.failed else 1.0 for o in every], dtype=torch.float64)
    if not every or bool(worked.all()) or not bool(worked.any()):
        return None
    rows = torch.as_tensor(space.encode([o.point for o in every]), dtype=torch.float64)
    return FailureModel(rows, worked, space.features)
