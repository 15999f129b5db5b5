"""Peers as strategies: BayBE, Ax, Optuna in processes of their own, plain BoTorch in this one."""

import json
import math
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from labloop.objectives import Objectives
from labloop.records import Dataset, Point, Proposal, ProposalBatch
from labloop.space import Categorical, Continuous, SearchSpace

HERE = Path(__file__).resolve().parent
PYTHON = HERE.parents[1] / ".bench-venv" / "bin" / "python"


class PeerProcess:
    """A peer in the peers' environment, one process for all of its campaigns.

    Numbers that the space spreads evenly in the logarithm are given to the peer as logarithms,
    so that both sides know the same of the space.
    """

    name: str
    script: str

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._told: tuple[str, ...] = ()
        self.version = ""

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return the peer's proposals; its campaign goes on where data was only added."""
        del pending
        digests = tuple(o.digest for o in data.observations)
        known = len(self._told)
        if not known or digests[:known] != self._told:
            described = {**self._describe(space), "constraints": _constraints(objective)}
            told = self._call({"op": "start", "seed": seed % 2**31, **described})
            self.version = told["version"]
            known = 0
        new = data.observations[known:]
        self._call(
            {
                "op": "tell",
                "points": [_to_peer(space, o.point) for o in new],
                "values": [objective.score(o.outputs)[0] for o in new],
                "kept": [
                    {c.output: o.outputs[c.output] for c in objective.constraints} for o in new
                ],
            }
        )
        self._told = digests
        points = self._call({"op": "ask", "n": n})["points"]
        return ProposalBatch(
            tuple(
                Proposal(
                    space.validate(_from_peer(space, p)),
                    strategy=self.name,
                    reason=f"{self.name}'s default",
                    seed=seed,
                )
                for p in points
            )
        )

    def _describe(self, space: SearchSpace) -> dict[str, Any]:
        candidates = space.candidates()
        described = [self._parameter(p) for p in space.parameters]
        if candidates is None or space.kind == "product":
            return {"parameters": described}
        rows = [candidates.point(i) for i in range(len(candidates))]
        return {"parameters": described, "candidates": [list(r.values()) for r in rows]}

    def _parameter(self, parameter: Any) -> dict[str, Any]:
        head = {"name": parameter.name}
        if isinstance(parameter, Continuous) and parameter.count is None:
            low, high = parameter.bounds
            if parameter.log:
                low, high = math.log(low), math.log(high)
            return {**head, "kind": "continuous", "low": low, "high": high}
        values = list(parameter.values_of(parameter.all_codes()))
        if not isinstance(parameter, Categorical):
            return {**head, "kind": "discrete", "values": values}
        return self._category(parameter, values)

    def _category(self, parameter: Categorical, values: list[Any]) -> dict[str, Any]:
        return {"name": parameter.name, "kind": "category", "values": values}

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                [str(PYTHON), str(HERE / self.script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the peer has no pipes")
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended; see what it printed above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _constraints(objective: Objectives) -> list[str]:
    """Return outcome constraints as inequalities between a metric and a number."""
    return [
        f"{constraint.output} {sense} {bound:.17g}"
        for constraint in objective.constraints
        for sense, bound in zip((">=", "<="), constraint.bounds, strict=True)
        if math.isfinite(bound)
    ]


def _in_logs(space: SearchSpace) -> set[str]:
    return {
        p.name for p in space.parameters if isinstance(p, Continuous) and p.log and p.count is None
    }


def _to_peer(space: SearchSpace, point: Point) -> dict[str, Any]:
    logs = _in_logs(space)
    return {k: math.log(float(v)) if k in logs else v for k, v in point.items()}


def _from_peer(space: SearchSpace, point: dict[str, Any]) -> dict[str, Any]:
    """Return the point in the space's own numbers, rounding errors at its edges taken away."""
    logs, found = _in_logs(space), {}
    for parameter in space.parameters:
        value = point[parameter.name]
        if isinstance(parameter, Continuous):
            low, high = parameter.bounds
            value = math.exp(value) if parameter.name in logs else value
            value = min(max(value, low), high)
        found[parameter.name] = value
    return found


class BaybeStrategy(PeerProcess):
    """BayBE at its defaults.

    Args:
        encoding: ``ohe`` gives categories as names, one-hot encoded; ``smiles`` gives those
            that are molecules as substances, with BayBE's own default descriptors;
            ``descriptors`` gives it the very descriptors that the space carries.
    """

    script = "peer_baybe.py"

    def __init__(self, encoding: str = "ohe") -> None:
        super().__init__()
        self.name = f"baybe-{encoding}"
        self._encoding = encoding

    def _category(self, parameter: Categorical, values: list[Any]) -> dict[str, Any]:
        if self._encoding == "smiles":
            smiles = {str(v): str(v) for v in values}
            return {"name": parameter.name, "kind": "substance", "smiles": smiles}
        if self._encoding == "descriptors" and parameter.descriptors is not None:
            return {"name": parameter.name, "kind": "custom", "table": parameter.descriptors}
        return super()._category(parameter, values)


class AxStrategy(PeerProcess):
    """Ax at its defaults; it knows boxes and categories, not lists of candidates."""

    name = "ax"
    script = "peer_ax.py"


class OptunaStrategy(PeerProcess):
    """Optuna's GPSampler; it knows boxes and categories, not lists of candidates."""

    name = "optuna"
    script = "peer_optuna.py"


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
        from botorch.acquisition.logei import qLogExpectedImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.optim.optimize import optimize_acqf
        from gpytorch.mlls import ExactMarginalLogLikelihood

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
