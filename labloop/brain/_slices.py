"""What the model expects along each parameter through the best point: for the report."""

from typing import Any

import numpy as np
import torch

from labloop.records import Json, Point
from labloop.space import SearchSpace, places
from labloop.surrogates import FittedSurrogate, TrainingData

_Z90 = 1.6448536269514722


def slices(
    space: SearchSpace, training: TrainingData, fitted: FittedSurrogate, through: Point
) -> list[Json]:
    """Return a slice per parameter and output, with 90 % intervals of the underlying value.

    The other parameters are held at ``through``. Along a mixture or a pool the places in
    between are no legal points: the line shows what the model believes there.
    """
    if fitted.over != "outputs":
        return []
    along = [(p, places(p)) for p in space.parameters]
    points: list[Point] = [{**through, p.name: v} for p, values in along for v in values]
    rows = torch.as_tensor(space.encode(points), dtype=torch.float64)
    with torch.no_grad():
        # One point a batch: a joint posterior over all of them is not needed.
        posterior: Any = fitted.model.posterior(rows.unsqueeze(-2))
        mean = posterior.mean.squeeze(-2)
        sd = posterior.variance.squeeze(-2).clamp_min(0.0).sqrt()
    made: list[Json] = []
    first = 0
    for parameter, values in along:
        part = slice(first, first + len(values))
        first += len(values)
        for j, output in enumerate(training.names):
            m, s = mean[part, j].numpy(), sd[part, j].numpy()
            if np.isfinite(m).all() and np.isfinite(s).all():
                made.append(
                    {
                        "parameter": parameter.name,
                        "unit": parameter.unit,
                        "output": output,
                        "x": list(values),
                        "mean": [float(v) for v in m],
                        "low": [float(v) for v in m - _Z90 * s],
                        "high": [float(v) for v in m + _Z90 * s],
                    }
                )
    return made
