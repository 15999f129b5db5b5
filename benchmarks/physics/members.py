"""How well each member of the mixture predicts: ``python -m benchmarks.physics.members --labs 2``.

Members are fitted to experiments spread over the space (Sobol), with mismatched physics, and
asked for the noise-free value at points held out: nRMSE (over the standard deviation there),
the share of values inside the 90 % interval, the seconds of the fit, the leave-one-out log
density that weighs them, and the same log density at the points held out. A member whose
leave-one-out density is far above that flatters itself.
"""

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402 - after the switch above
import torch  # noqa: E402

from benchmarks.physics.beliefs import believe  # noqa: E402
from benchmarks.physics.draws import draw  # noqa: E402
from benchmarks.physics.labs import LABS, OBJECTIVE, Lab  # noqa: E402
from labloop.brain.strategies.physics import measured_data  # noqa: E402
from labloop.physics import PhysicsModel, as_physics, bind  # noqa: E402
from labloop.records import Dataset, Observation, Point  # noqa: E402
from labloop.surrogates import (  # noqa: E402
    GPFactory,
    MixtureFactory,
    TrainingData,
)
from labloop.surrogates.mixture.hybrid_member import fit_hybrid_member  # noqa: E402
from labloop.surrogates.mixture.physics_members import fit_candidate  # noqa: E402
from labloop.surrogates.mixture.physics_report import CandidatePhysics  # noqa: E402
from labloop.surrogates.mixture.weights import weigh_members  # noqa: E402
from labloop.surrogates.solving.channels import Channels  # noqa: E402

_HELD_OUT = 300
_QUANTILE = 1.6448536269514722


def training(lab: Lab, count: int, seed: int) -> TrainingData:
    """Return noisy results of ``count`` Sobol points."""
    random = np.random.default_rng([seed, lab.number])
    seen = []
    for i, point in enumerate(lab.space.sample(count, 1000 + seed)):
        outputs, curves = lab.measure(point, random)
        seen.append(Observation(f"e{i}", point, outputs, curves=curves))
    found = measured_data(lab.space, OBJECTIVE, Dataset(tuple(seen)), seed)
    if found is None:
        raise AssertionError
    return found


def judged(lab: Lab, model: Any, points: list[Point]) -> dict[str, float]:
    """Return how a model predicts the noise-free value at ``points``."""
    truth = lab.value(points)
    encoded = torch.as_tensor(lab.space.encode(points), dtype=torch.float64)
    with torch.no_grad():
        posterior = model.posterior(encoded.unsqueeze(-2))
        mean = posterior.mean[:, 0, 0].numpy()
        sd = posterior.variance[:, 0, 0].clamp_min(1e-300).sqrt().numpy()
    away = np.abs(truth - mean)
    density = -0.5 * (away / sd) ** 2 - np.log(sd) - 0.5 * np.log(2.0 * np.pi)
    return {
        "nrmse": float(np.sqrt(np.mean(away**2)) / truth.std()),
        "covered": float(np.mean(away <= _QUANTILE * sd)),
        "density": float(np.maximum(density, -8.0 - np.log(truth.std())).mean()),
    }


def family_of(lab: Lab, physics: PhysicsModel, data: TrainingData) -> CandidatePhysics:
    """Return every member with physics, the hybrid as well."""
    bound = bind(physics, lab.space)
    channels = Channels(bound, data)
    return CandidatePhysics(
        channels, fit_candidate(channels, data), fit_hybrid_member(bound, data)[0]
    )


def run(lab: Lab, count: int, seed: int) -> list[dict[str, Any]]:
    """Return a row for every member and for the mixtures with and without the hybrid."""
    data = training(lab, count, seed)
    physics = as_physics(believe(lab.name, draw(lab, seed, "mismatched")))
    points = lab.space.sample(_HELD_OUT, 7)
    about = {"lab": lab.number, "n": count, "seed": seed}
    candidate = family_of(lab, physics, data)
    members = [GPFactory().fit(data), *candidate.members, *candidate.hybrids]
    weights = weigh_members(members, [candidate], data).weights
    rows = [
        {
            **about,
            "member": member.name.rsplit(", ", 1)[-1],
            "loo": float(member.loo_log_density.mean()),
            "weight": float(weight),
            "seconds": member.report.get("seconds"),
            **judged(lab, member.model, points),
        }
        for member, weight in zip(members, weights, strict=True)
    ]
    for name, hybrid in (("mixture", False), ("mixture with hybrid", True)):
        fitted = MixtureFactory(physics, hybrid=hybrid).fit(data)
        told = {"member": name, "seconds": fitted.report["seconds"]}
        rows.append({**about, **told, **judged(lab, fitted.model, points)})
    return rows


def main() -> None:
    """Run and print, a line a row; then the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labs", type=int, nargs="+", default=[2, 4, 6])
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 20])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for lab in LABS.values():
        if lab.number not in asked.labs:
            continue
        for count in asked.counts:
            for seed in range(asked.seeds):
                made = run(lab, count, seed)
                rows += made
                if asked.out:
                    with asked.out.open("a") as file:
                        file.writelines(json.dumps(row) + "\n" for row in made)
            summary([r for r in rows if r["lab"] == lab.number and r["n"] == count])


def summary(rows: list[dict[str, Any]]) -> None:
    """Print the median of each figure, a line a member."""
    about = f"lab {rows[0]['lab']} n {rows[0]['n']}"
    for name in dict.fromkeys(row["member"] for row in rows):
        mine = [row for row in rows if row["member"] == name]
        figures = []
        for key in ("nrmse", "covered", "density", "loo", "weight", "seconds"):
            known = [row[key] for row in mine if row.get(key) is not None]
            figures.append(f"{key} {np.median(known):6.3f}" if known else f"{key}      -")
        print(f"{about} {name:24s} {'  '.join(figures)}", flush=True)


if __name__ == "__main__":
    main()
