"""Six simulated laboratories: what may be varied, what is measured, how noisy, who they are for.

Labs 1, 3 and 5 are for choosing settings, labs 2, 4 and 6 for reporting only: no setting of the
planner may be chosen by looking at them. The hidden truth stands in ``truth.py``, what a planner
believes in ``beliefs.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from benchmarks.physics import truth
from labloop.objectives import Maximize, Objectives
from labloop.records import CurveData, Point
from labloop.space import Categorical, Continuous, SearchSpace

VALUE = "value"
"""The scalar that is maximised: known arithmetic of what is measured and of the inputs."""
OBJECTIVE = Objectives.of(Maximize(VALUE))
AXES: Mapping[str, tuple[Sequence[float], str, str]] = {
    "course": (truth.FRACTIONS, "1", "mmol/L"),
    "spectrum": (tuple(truth.WAVELENGTHS), "nm", "1"),
}
"""Outputs that are curves: values of the axis, its unit, unit of the values."""


@dataclass(frozen=True)
class Lab:
    """One laboratory.

    ``noise`` holds the standard deviation of each measured output, ``default`` for those that
    are not named; ``terms`` the parts of the truth that a planner's physics may lack.
    """

    number: int
    name: str
    group: Literal["tune", "report"]
    space: SearchSpace
    kind: str
    noise: Mapping[str, float]
    terms: tuple[str, ...]
    law: Callable[[truth.Columns], dict[str, truth.Array]]
    axes: Mapping[str, tuple[Sequence[float], str, str]] = field(default_factory=lambda: AXES)

    def ideal(self, points: Sequence[Point]) -> dict[str, truth.Array]:
        """Return the noise-free outputs of points, a column an output."""
        columns: dict[str, Any] = {
            name: np.array([p[name] for p in points]) for name in self.space.names
        }
        return self.law(columns)

    def value(self, points: Sequence[Point]) -> truth.Array:
        """Return what is maximised, noise-free."""
        return self.ideal(points)[VALUE]

    def sd(self, output: str) -> float:
        """Return the standard deviation of one measurement of ``output``."""
        return self.noise.get(output, self.noise["default"])

    def measure(
        self, point: Point, random: np.random.Generator
    ) -> tuple[dict[str, float], dict[str, CurveData]]:
        """Return one experiment's outputs and curves, each with noise of its own."""
        outputs, curves = {}, {}
        for name, column in self.ideal([point]).items():
            noisy = column[0] + self.sd(name) * random.standard_normal(column[0].shape)
            if name in self.axes:
                axis, unit, y_unit = self.axes[name]
                curves[name] = CurveData(np.array(axis), noisy, unit, y_unit)
            else:
                outputs[name] = float(noisy)
        return outputs, curves


def _lab(
    name: str,
    group: Literal["tune", "report"],
    kind: str,
    noise: Mapping[str, float],
    terms: tuple[str, ...],
    *parameters: Any,
) -> Lab:
    number = 1 + list(truth.TRUE).index(name)
    return Lab(
        number, name, group, SearchSpace(*parameters), kind, noise, terms, getattr(truth, name)
    )


LABS: Mapping[str, Lab] = {
    lab.name: lab
    for lab in (
        _lab(
            "consecutive",
            "tune",
            "consecutive reaction in flow, three species",
            {"default": 0.010, VALUE: 0.012},
            ("k3", "kd"),
            Continuous("temperature", 40, 140, unit="degC"),
            Continuous("residence_time", 1, 40, unit="min", log=True),
            Continuous("catalyst", 0.01, 0.2, unit="mol/L", log=True),
        ),
        _lab(
            "snar",
            "report",
            "parallel substitution network in flow, four species",
            {"default": 0.008, VALUE: 0.010},
            ("kl", "k4"),
            Continuous("temperature", 30, 120, unit="degC"),
            Continuous("residence_time", 0.5, 15, unit="min", log=True),
            Continuous("equivalents", 1, 4),
            Continuous("concentration", 0.05, 0.5, unit="mol/L", log=True),
        ),
        _lab(
            "enzyme",
            "tune",
            "inhibited enzyme in a batch, time course of six samples",
            {"default": 1.5, VALUE: 1.0},
            ("Kp", "Ksi", "kd"),
            Continuous("substrate", 40, 250, unit="mmol/L", log=True),
            Continuous("enzyme", 0.05, 1.5, unit="g/L", log=True),
            Continuous("temperature", 25, 52, unit="degC"),
            Continuous("pH", 6.2, 8.8),
            Continuous("duration", 1, 12, unit="h", log=True),
        ),
        _lab(
            "coating",
            "report",
            "four sputtered layers, spectrum of 15 points",
            {"default": 0.006, VALUE: 0.006},
            ("dispersion", "absorption"),
            *(Continuous(f"layer{i}", 60, 200, unit="s") for i in (1, 2, 3, 4)),
        ),
        _lab(
            "exotherm",
            "tune",
            "dosed reaction with exotherm and decomposition",
            {"default": 0.004, VALUE: 0.008, "peak": 0.8},
            ("kv", "second heat"),
            Continuous("jacket", 0, 120, unit="degC"),
            Continuous("dosing_time", 2, 400, unit="min", log=True),
        ),
        _lab(
            "coupling",
            "report",
            "catalytic coupling, ligand as category, eight inputs of which two matter little",
            {"default": 0.010, VALUE: 0.012},
            ("ligand", "kd", "Kb", "kw"),
            Categorical("ligand", truth.LIGANDS),
            Continuous("temperature", 50, 130, unit="degC"),
            Continuous("time", 0.25, 8, unit="h", log=True),
            Continuous("loading", 0.2, 5, log=True),
            Continuous("equivalents", 1, 3),
            Continuous("concentration", 0.05, 0.5, unit="mol/L", log=True),
            Continuous("water", 10, 1000, log=True),
            Continuous("stirring", 200, 1000),
        ),
    )
}
