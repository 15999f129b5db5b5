"""A plain BoTorch loop, as anyone would write it.

``labloop bench`` takes it as ``benchmarks/planner/plain_botorch.py:PlainBotorch``.
"""

from collections.abc import Sequence

import numpy as np
import torch
from botorch.acquisition.logei import qLogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.optim.optimize import optimize_acqf
from gpytorch.mlls import ExactMarginalLogLikelihood

from labloop.objectives import Objectives
from labloop.records import Dataset, Point, Proposal, ProposalBatch
from labloop.space import SearchSpace


class PlainBotorch:
    """A hundred lines of BoTorch as anyone would write them: SingleTaskGP, LogEI.

    Lists are scored whole, boxes climbed by ``optimize_acqf``; a batch is chosen greedily with
    qLogEI and pending points.
    """

    name = "plain"

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return the points that a plain loop would try."""
        del pending
        torch.manual_seed(seed)
        x = torch.tensor(space.encode([o.point for o in data.done]))
        y = torch.tensor([objective.score(o.outputs) for o in data.done], dtype=torch.float64)
        model = SingleTaskGP(x, y)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        candidates = space.candidates()
        chosen: list[torch.Tensor] = []
        points: list[Point] = []
        for _ in range(n):
            waiting = torch.stack(chosen) if chosen else None
            acquisition = qLogExpectedImprovement(model, best_f=y.max(), X_pending=waiting)
            if candidates is None:
                cube = torch.stack([torch.zeros(space.dimension), torch.ones(space.dimension)])
                row, _ = optimize_acqf(
                    acquisition, cube.double(), q=1, num_restarts=8, raw_samples=256
                )
                points += space.decode(row.numpy())
            else:
                rows = torch.tensor(candidates.encoded)
                with torch.no_grad():
                    value = torch.cat([acquisition(r[:, None]) for r in torch.split(rows, 512)])
                value[[candidates.index_of(o.point) for o in data.observations]] = -np.inf
                value[[candidates.index_of(p) for p in points]] = -np.inf
                points.append(candidates.point(int(value.argmax())))
            chosen.append(torch.tensor(space.encode([points[-1]])[0]))
        return ProposalBatch(
            tuple(Proposal(p, strategy=self.name, reason="LogEI", seed=seed) for p in points)
        )
