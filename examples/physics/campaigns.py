"""Runs the campaigns of this folder with the ``Brain``: no database, no lab, no Prefect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from integrate import Array

from labloop import Brain, SearchSpace
from labloop.objectives import Aim, Maximize
from labloop.physics import CurveAxis
from labloop.records import Alarm, CurveData, Observation, Point


class Example(Protocol):
    """What a module of this folder holds."""

    SPACE: SearchSpace
    AIM: Aim
    PHYSICS: Any
    NOISE: Mapping[str, float]
    CURVES: Mapping[str, CurveAxis]
    TRUE: Mapping[str, float]
    EXPERIMENTS: int

    def truth(self, x: Mapping[str, Array]) -> dict[str, Array]:
        """Return what comes out of points, without noise."""


@dataclass(frozen=True)
class Run:
    """One campaign: ``best`` holds the noise-free value of the best measured so far."""

    best: tuple[float, ...]
    report: Mapping[str, Any]
    """What the model of the last round said of itself."""
    alarms: tuple[tuple[int, Alarm], ...]
    """After how many results, and what; every round's."""
    shares: tuple[tuple[int, Mapping[str, float]], ...]
    """After how many results, and the weight of each physics."""
    observations: tuple[Observation, ...]


def ideal(example: Example, points: Sequence[Point]) -> dict[str, Array]:
    """Return output -> noise-free values, a row a point."""
    return example.truth({n: np.array([p[n] for p in points]) for n in example.SPACE.names})


def measure(
    example: Example, point: Point, random: np.random.Generator
) -> tuple[dict[str, float], dict[str, CurveData]]:
    """Return one experiment's outputs and curves with noise."""
    outputs, curves = {}, {}
    for name, value in ideal(example, [point]).items():
        noisy = value[0] + example.NOISE[name] * random.standard_normal(value[0].shape)
        if name in example.CURVES:
            axis = example.CURVES[name]
            curves[name] = CurveData(np.array(axis.values), noisy, axis.unit, axis.y_unit)
        else:
            outputs[name] = float(noisy)
    return outputs, curves


def run(example: Example, *, physics: bool, seed: int, experiments: int) -> Run:
    """Return one campaign of so many experiments, one after another, and one more question.

    The question after the last experiment is not carried out: it shows what all of them taught.
    """
    random = np.random.default_rng([seed, 7])
    brain = Brain(
        example.SPACE, example.AIM, physics=example.PHYSICS if physics else None, seed=seed
    )
    leaders: list[Point] = []
    alarms, shares = [], []
    report: Mapping[str, Any] = {}
    for done in range(experiments + 1):
        ((number, proposal),) = brain.ask()
        if brain.last is not None:
            alarms += [(done, alarm) for alarm in brain.last.alarms]
            report = brain.last.fit_report
            shares += [(done, dict(report["physics"]))] if "physics" in report else []
        if done == experiments:
            break
        outputs, curves = measure(example, proposal.point, random)
        brain.tell(number, outputs, curves=curves)
        seen = brain.best()
        leaders += [seen.point] if seen is not None else []
    best = ideal(example, leaders)[example.AIM.output]
    return Run(
        tuple(map(float, best)), report, tuple(alarms), tuple(shares), brain.data.observations
    )


def optimum(example: Example) -> tuple[float, Point]:
    """Return the best noise-free value of the space: random points, then ever smaller steps."""
    sign = 1.0 if isinstance(example.AIM, Maximize) else -1.0
    points = example.SPACE.sample(4096, 1)
    random = np.random.default_rng(0)
    for width in np.geomspace(0.2, 0.001, 20):
        values = sign * ideal(example, points)[example.AIM.output]
        best = points[int(values.argmax())]
        row = example.SPACE.encode([best])[0]
        near = row + width * random.standard_normal((64, len(row)))
        points = [best, *example.SPACE.decode(np.clip(near, 0.0, 1.0 - 1e-12))]
    return float(sign * values.max()), best
