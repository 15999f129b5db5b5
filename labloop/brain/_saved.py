"""A planner's memory as plain JSON, and back."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labloop.errors import BrainError
from labloop.records import CurveData, Json, Observation, Prediction, Proposal

SCHEMA = 1


def observation_json(one: Observation) -> dict[str, Json]:
    """Return an observation as plain JSON."""
    return {
        "experiment": one.experiment_id,
        "point": dict(one.point),
        "outputs": dict(one.outputs),
        "sd": dict(one.sd),
        "curves": {
            name: {
                "x": curve.x.tolist(),
                "y": curve.y.tolist(),
                "x_unit": curve.x_unit,
                "y_unit": curve.y_unit,
            }
            for name, curve in one.curves.items()
        },
        "failed": one.failed,
        "asked": None if one.asked is None else dict(one.asked),
    }


def observation_from(made: Mapping[str, Any]) -> Observation:
    """Return the observation that ``observation_json`` wrote."""
    return Observation(
        made["experiment"],
        made["point"],
        outputs=made["outputs"],
        sd=made["sd"],
        curves={name: CurveData(**curve) for name, curve in made["curves"].items()},
        failed=made["failed"],
        asked=made["asked"],
    )


def proposal_json(one: Proposal) -> dict[str, Json]:
    """Return a proposal as plain JSON."""
    return {
        "point": dict(one.point),
        "strategy": one.strategy,
        "reason": one.reason,
        "model": one.model,
        "acquisition": one.acquisition,
        "acquisition_value": one.acquisition_value,
        "predicted": {
            name: {"mean": p.mean, "sd": p.sd, "low": p.low, "high": p.high}
            for name, p in one.predicted.items()
        },
        "seed": one.seed,
        **({"well": one.well} if one.well else {}),
    }


def proposal_from(made: Mapping[str, Any]) -> Proposal:
    """Return the proposal that ``proposal_json`` wrote."""
    predicted = {name: Prediction(**p) for name, p in made["predicted"].items()}
    return Proposal(**{**made, "predicted": predicted})


def write_whole(path: Path, content: Mapping[str, Json]) -> None:
    """Write JSON to a file that is there whole or as it was before; raises BrainError."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(content, allow_nan=False, indent=1), encoding="utf-8")
        os.replace(part, path)  # noqa: PTH105 - Path.replace says the same
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BrainError(f"the planner cannot be saved as {str(path)!r}: {error}") from error


def read_saved(path: Path) -> Mapping[str, Any]:
    """Return what ``Brain.save`` wrote; raises BrainError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BrainError(f"no planner can be read from {str(path)!r}: {error}") from error
    if not isinstance(content, Mapping) or content.get("schema") != SCHEMA:
        raise BrainError(
            f"{str(path)!r} holds no planner that this version knows; Brain.save writes them"
        )
    return content
