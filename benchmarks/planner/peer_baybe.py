"""BayBE at its defaults, spoken to over JSON lines; runs in the peers' own environment.

Requests, one JSON object a line: ``start`` (parameters, candidates or bounds, seed), ``tell``
(points, values), ``ask`` (n). Every request is answered by one line.
"""

import json
import warnings
from typing import Any

warnings.filterwarnings("ignore")

import baybe  # noqa: E402 - after the switch above
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from baybe import Campaign  # noqa: E402
from baybe.objectives import SingleTargetObjective  # noqa: E402
from baybe.parameters import (  # noqa: E402
    CategoricalParameter,
    CustomDiscreteParameter,
    NumericalContinuousParameter,
    NumericalDiscreteParameter,
    SubstanceParameter,
)
from baybe.searchspace import SearchSpace  # noqa: E402
from baybe.targets import NumericalTarget  # noqa: E402
from peer_loop import serve  # noqa: E402 - in the same folder

torch.set_num_threads(1)


def parameter(spec: dict[str, Any]) -> Any:
    """Return the BayBE parameter of one description."""
    kind, name = spec["kind"], spec["name"]
    if kind == "continuous":
        return NumericalContinuousParameter(name, bounds=(spec["low"], spec["high"]))
    if kind == "discrete":
        return NumericalDiscreteParameter(name, values=spec["values"])
    if kind == "custom":
        return CustomDiscreteParameter(name, data=pd.DataFrame.from_dict(spec["table"], "index"))
    if kind == "substance":
        return SubstanceParameter(name, data=spec["smiles"])
    return CategoricalParameter(name, values=spec["values"], encoding="OHE")


class Peer:
    """One campaign at a time."""

    def __init__(self) -> None:
        self.campaign: Any = None

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Begin a campaign."""
        np.random.seed(request["seed"] % 2**32)  # noqa: NPY002 - the one that BayBE draws from
        torch.manual_seed(request["seed"])
        parameters = [parameter(p) for p in request["parameters"]]
        if request.get("candidates"):
            frame = pd.DataFrame(request["candidates"], columns=[p.name for p in parameters])
            space = SearchSpace.from_dataframe(frame, parameters)
        else:
            space = SearchSpace.from_product(parameters)
        objective = SingleTargetObjective(NumericalTarget("target"))
        self.campaign = Campaign(space, objective)
        return {"version": baybe.__version__}

    def tell(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add measurements."""
        frame = pd.DataFrame(request["points"])
        frame["target"] = request["values"]
        self.campaign.add_measurements(frame)
        return {}

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the next batch."""
        frame = self.campaign.recommend(batch_size=request["n"])
        return {"points": json.loads(frame.to_json(orient="records", double_precision=15))}


if __name__ == "__main__":
    serve(Peer())
