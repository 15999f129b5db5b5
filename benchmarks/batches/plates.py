"""Plates of 96: how long one takes to plan, and how good five of them are.

    OMP_NUM_THREADS=1 nice -n 10 python -m benchmarks.batches.plates speed
    OMP_NUM_THREADS=1 nice -n 10 python -m benchmarks.batches.plates volume --sets i iii --seeds 1

``speed`` plans a batch of a product space after 96 results and gives CPU seconds, the fit included.

``volume`` plays Minerva's four virtual Suzuki couplings (5670 combinations each, yield and turnover
to be maximised): five plates of 96, the first one the same for every method. Given is the share of
the greatest hypervolume above the worst values of the set. Beside ours stands Thompson sampling
with hypervolume improvement on a BoTorch process with the priors of EDBO+, written after the
description of that method in Minerva (the other two of its methods, sequential qNEHVI and
qNParEGO, take too long for this machine). The last line is JSON, for the figures.
"""

import argparse
import csv
import gzip
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from labloop.brain import AutoStrategy, RandomStrategy, Strategy
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset, Observation, Point, derive_seed
from labloop.space import Categorical, Ordered, SearchSpace

DATA = Path(__file__).resolve().parent.parent / "data"
WELLS, PLATES = 96, 5
BOTH = Objectives.of([Maximize("yield"), Maximize("turnover")])
INPUTS = ("res_time", "temperature", "catalyst_loading")


def product(size: str) -> SearchSpace:
    """Return a coupling with 96,000 or 960,000 combinations."""
    loads = list(range(1, 9)) if size == "1e5" else list(range(1, 81))
    return SearchSpace(
        Categorical("ligand", [f"l{i}" for i in range(24)]),
        Categorical("base", [f"b{i}" for i in range(10)]),
        Categorical("solvent", [f"s{i}" for i in range(10)]),
        Ordered("temperature", [20, 40, 60, 80, 100]),
        Ordered("load", loads),
    )


def speed(size: str, n: int, results: int) -> dict[str, Any]:
    """Return CPU seconds of one batch."""
    space, rng = product(size), np.random.default_rng(0)
    points = space.sample(results, 1)
    rows = np.asarray(space.encode(points))
    worth = np.sin(3.0 * rows @ rng.standard_normal(rows.shape[1]))
    seen = tuple(
        Observation(str(i), p, outputs={"y": float(w + 0.1 * rng.standard_normal())})
        for i, (p, w) in enumerate(zip(points, worth, strict=True))
    )
    strategy, aim = AutoStrategy(), Objectives.of(Maximize("y"))
    strategy.propose(space, aim, Dataset(seen[:8]), (), 1, 0)  # imports are not the batch's
    began = time.process_time()
    batch = strategy.propose(space, aim, Dataset(seen), (), n, 1)
    return {
        "combinations": space.size,
        "results": results,
        "n": len(batch.proposals),
        "cpu_seconds": round(time.process_time() - began, 2),
    }


class Coupling:
    """One of Minerva's virtual data sets."""

    def __init__(self, name: str) -> None:
        path = DATA / f"minerva_suzuki_{name}.csv.gz"
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        ligands = [next(k for k in row if k.startswith("L") and row[k] == "1") for row in rows]
        values = {name: sorted({float(r[name]) for r in rows}) for name in INPUTS}
        self.space = SearchSpace(
            Categorical("ligand", sorted(set(ligands))),
            *(Ordered(name, found) for name, found in values.items()),
        )
        self._found = {
            (ligand, *(float(row[k]) for k in INPUTS)): {
                "yield": float(row["yield"]),
                "turnover": float(row["turnover"]),
            }
            for ligand, row in zip(ligands, rows, strict=True)
        }
        every = np.array([list(v.values()) for v in self._found.values()])
        self._worst = every.min(0)
        self._whole = area(every - self._worst)

    def measure(self, point: Point) -> dict[str, float]:
        """Return yield and turnover."""
        return self._found[(str(point["ligand"]), *(float(point[k]) for k in INPUTS))]

    def share(self, seen: list[Observation]) -> float:
        """Return the hypervolume of some results as a share of the greatest."""
        return area(np.array([list(o.outputs.values()) for o in seen]) - self._worst) / self._whole


def area(points: np.ndarray) -> float:
    """Return the area that ``n x 2`` points from 0 dominate."""
    total, height = 0.0, 0.0
    for x, y in sorted(map(tuple, points), reverse=True):
        if y > height:
            total, height = total + x * (y - height), y
    return float(total)


class ThompsonHVI:
    """A draw of both outputs a well; the candidate whose draw adds most to the hypervolume."""

    name = "thompson-hvi"

    def propose(self, space: SearchSpace, data: Dataset, n: int, seed: int) -> list[Point]:
        """Return ``n`` open candidates."""
        import torch

        torch.manual_seed(seed % 2**31)
        candidates = space.candidates()
        if candidates is None:
            raise SystemExit("the candidates of this method are a list")
        x = torch.tensor(space.encode([o.point for o in data.observations]))
        y = torch.tensor([list(o.outputs.values()) for o in data.observations], dtype=torch.float64)
        mean, sd = y.mean(0), y.std(0)
        open_ = np.ones(len(candidates), dtype=bool)
        open_[[candidates.index_of(o.point) for o in data.observations]] = False
        rows = torch.tensor(np.asarray(candidates.encoded)[open_])
        z = ((y - mean) / sd).numpy()
        drawn = np.stack(
            [drawn_outputs(x, ((y - mean) / sd)[:, [j]], rows, n) for j in range(2)], -1
        )
        worst = np.min(z, axis=0)
        front = list(z - worst)
        taken: list[int] = []
        for k in range(n):
            gains = improvements(drawn[k] - worst, np.array(front))
            gains[taken] = -np.inf
            taken.append(int(gains.argmax()))
        where = np.flatnonzero(open_)
        return [candidates.point(int(where[i])) for i in taken]


def drawn_outputs(x: Any, z: Any, rows: Any, n: int) -> np.ndarray:
    """Return ``n x N`` joint draws of one standardised output at all candidates."""
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.likelihoods import GaussianLikelihood
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from gpytorch.priors import GammaPrior

    kernel = MaternKernel(nu=2.5, ard_num_dims=x.shape[1], lengthscale_prior=GammaPrior(2.0, 0.2))
    kernel.lengthscale = 5.0
    model = SingleTaskGP(
        x,
        z,
        covar_module=ScaleKernel(kernel, outputscale_prior=GammaPrior(5.0, 0.5)),
        likelihood=GaussianLikelihood(GammaPrior(1.5, 0.1)),
        outcome_transform=None,
    )
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    with torch.no_grad():
        posterior: Any = model.posterior(rows)
        covariance = posterior.distribution.covariance_matrix
        root = torch.linalg.cholesky(covariance + 1e-5 * torch.eye(len(rows), dtype=rows.dtype))
        noise = torch.randn(n, len(rows), dtype=rows.dtype)
        return np.asarray((posterior.mean[:, 0] + noise @ root.T).numpy())


def improvements(points: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Return by how much each of ``N x 2`` points adds to the area of a front."""
    order = front[np.argsort(-front[:, 0])]
    kept, height = [], -np.inf
    for point in order:
        if point[1] > height:
            kept.append(point)
            height = point[1]
    xs = np.array([*[p[0] for p in kept][::-1], np.inf]).clip(0.0)
    ys = np.array([*[p[1] for p in kept][::-1], 0.0]).clip(0.0)
    # Between neighbours in x the front has one height; above it lies what a point adds.
    edges = np.concatenate([[0.0], xs])
    added = np.zeros(len(points))
    for low, high, height in zip(edges[:-1], edges[1:], ys, strict=True):
        width = np.clip(np.minimum(points[:, 0], high) - low, 0.0, None)
        added += width * np.clip(points[:, 1] - height, 0.0, None)
    return added


def volumes(coupling: Coupling, name: str, seed: int) -> list[float]:
    """Return the share of the hypervolume after each plate."""
    space = coupling.space
    planners: dict[str, Strategy] = {"labloop": AutoStrategy(), "random": RandomStrategy()}
    seen: list[Observation] = []
    found = []
    for plate in range(PLATES):
        asked = derive_seed(f"plates-{seed}", plate)
        if plate == 0:
            points = space.sample(WELLS, seed)
        elif name in planners:
            batch = planners[name].propose(space, BOTH, Dataset(tuple(seen)), (), WELLS, asked)
            points = [proposal.point for proposal in batch.proposals]
        else:
            points = ThompsonHVI().propose(space, Dataset(tuple(seen)), WELLS, asked)
        seen += [
            Observation(f"{plate}-{i}", p, outputs=coupling.measure(p))
            for i, p in enumerate(points)
        ]
        found.append(round(coupling.share(seen), 4))
    return found


def main() -> None:
    """Measure, print what was found and, last, all of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "volume"])
    parser.add_argument("--n", type=int, default=WELLS)
    parser.add_argument("--size", choices=["1e5", "1e6"], default="1e5")
    parser.add_argument("--results", type=int, default=96)
    parser.add_argument("--sets", nargs="+", default=["i", "ii", "iii", "iv"])
    parser.add_argument("--methods", nargs="+", default=["labloop", "thompson-hvi", "random"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("build/planner-plates.jsonl"))
    args = parser.parse_args()
    if args.what == "speed":
        print(json.dumps(speed(args.size, args.n, args.results)))
        return
    args.out.parent.mkdir(parents=True, exist_ok=True)
    lines = args.out.read_text("utf-8").splitlines() if args.out.is_file() else []
    done: dict[tuple[str, str, int], list[float]] = {
        (r["set"], r["method"], r["seed"]): r["shares"] for r in map(json.loads, lines)
    }
    for name in args.sets:
        coupling = Coupling(name)
        for seed in range(args.seeds):
            for method in args.methods:
                key = (name, method, seed)
                if key not in done:
                    done[key] = volumes(coupling, method, seed)
                    row = {"set": name, "method": method, "seed": seed, "shares": done[key]}
                    with args.out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(row) + "\n")
                print(*key, done[key], flush=True)
    wanted = {
        method: {n: [done[n, method, s] for s in range(args.seeds)] for n in args.sets}
        for method in args.methods
    }
    print(json.dumps(wanted))


if __name__ == "__main__":
    main()
