"""Ax at its defaults, spoken to over JSON lines; runs in the peers' own environment.

Requests and answers are those of ``peer_baybe.py``; the points told before the first ``ask``
are attached as trials, which count as the start that Ax would make itself.
"""

import logging
import warnings
from typing import Any

warnings.filterwarnings("ignore")

import ax  # noqa: E402 - after the switch above
import torch  # noqa: E402
from ax.api.client import Client  # noqa: E402
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig  # noqa: E402
from peer_loop import serve  # noqa: E402 - in the same folder

torch.set_num_threads(1)
logging.disable(logging.WARNING)
METRIC = "target"


def parameter(spec: dict[str, Any]) -> Any:
    """Return the Ax parameter of one description."""
    kind, name = spec["kind"], spec["name"]
    if kind == "continuous":
        bounds = (spec["low"], spec["high"])
        return RangeParameterConfig(name=name, parameter_type="float", bounds=bounds)
    ordered = kind == "discrete"
    return ChoiceParameterConfig(
        name=name,
        parameter_type="float" if ordered else "str",
        values=spec["values"],
        is_ordered=ordered,
    )


class Peer:
    """One campaign at a time."""

    def __init__(self) -> None:
        self.client: Any = None
        self.asked: list[tuple[int, dict[str, Any]]] = []

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Begin a campaign."""
        if request.get("candidates"):
            raise SystemExit("Ax knows no lists of candidates")
        self.asked = []
        self.client = Client(random_seed=request["seed"])
        self.client.configure_experiment([parameter(p) for p in request["parameters"]])
        self.client.configure_optimization(
            objective=METRIC, outcome_constraints=request.get("constraints") or None
        )
        # With its default, a centre point first, Ax would spend one random trial more after
        # the five that it is given.
        self.client.configure_generation_strategy(initialize_with_center=False)
        return {"version": ax.__version__}

    def tell(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add measurements, to the trials that were asked for or as new ones."""
        every = zip(request["points"], request["values"], request["kept"], strict=True)
        for point, value, kept in every:
            index = self._trial(point)
            self.client.complete_trial(index, {METRIC: float(value), **kept})
        return {}

    def _trial(self, point: dict[str, Any]) -> int:
        for place, (index, asked) in enumerate(self.asked):
            if all(_same(asked[name], point[name]) for name in point):
                del self.asked[place]
                return index
        return int(self.client.attach_trial(point))

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the next batch."""
        trials = self.client.get_next_trials(max_trials=request["n"])
        self.asked = list(trials.items())
        return {"points": list(trials.values())}


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return bool(a == b)
    return bool(abs(a - b) <= 1e-6 * max(1.0, abs(a), abs(b)))


if __name__ == "__main__":
    serve(Peer())
