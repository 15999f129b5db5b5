"""Optuna with its GPSampler, spoken to over JSON lines; runs in the peers' own environment.

Requests and answers are those of ``peer_baybe.py``; the points told before the first ``ask``
are added as finished trials.
"""

import warnings
from typing import Any

warnings.filterwarnings("ignore")

import optuna  # noqa: E402 - after the switch above
import torch  # noqa: E402
from optuna.distributions import CategoricalDistribution, FloatDistribution  # noqa: E402
from peer_loop import serve  # noqa: E402 - in the same folder

torch.set_num_threads(1)
optuna.logging.set_verbosity(optuna.logging.ERROR)


def distribution(spec: dict[str, Any]) -> Any:
    """Return Optuna's description of one parameter."""
    if spec["kind"] == "continuous":
        return FloatDistribution(spec["low"], spec["high"])
    return CategoricalDistribution(spec["values"])


class Peer:
    """One campaign at a time."""

    def __init__(self) -> None:
        self.study: Any = None
        self.space: dict[str, Any] = {}
        self.asked: list[Any] = []

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Begin a campaign."""
        if request.get("candidates"):
            raise SystemExit("Optuna knows no lists of candidates")
        self.asked = []
        self.space = {p["name"]: distribution(p) for p in request["parameters"]}
        sampler = optuna.samplers.GPSampler(seed=request["seed"])
        self.study = optuna.create_study(direction="maximize", sampler=sampler)
        return {"version": optuna.__version__}

    def tell(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add measurements, to the trials that were asked for or as new ones."""
        for point, value in zip(request["points"], request["values"], strict=True):
            trial = next((t for t in self.asked if t.params == point), None)
            if trial is None:
                done = optuna.trial.create_trial(
                    params=point, distributions=self.space, value=float(value)
                )
                self.study.add_trial(done)
            else:
                self.asked.remove(trial)
                self.study.tell(trial, float(value))
        return {}

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the next batch."""
        self.asked = [self.study.ask(self.space) for _ in range(request["n"])]
        return {"points": [dict(trial.params) for trial in self.asked]}


if __name__ == "__main__":
    serve(Peer())
