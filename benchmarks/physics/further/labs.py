"""The eight further laboratories: what may be varied, what is measured, how noisy.

Those called ``tune`` may be looked at when the planner is changed, those called ``report`` not.
"""

from collections.abc import Mapping
from typing import Any, Literal

from benchmarks.physics.further import truth
from benchmarks.physics.labs import VALUE, Lab
from labloop.space import Categorical, Continuous, SearchSpace

AXES: Mapping[str, tuple[tuple[float, ...], str, str]] = {
    "antireflex": (tuple(truth.WAVELENGTHS), "nm", "1"),
    "fermenter": (truth.FRACTIONS, "1", "g/L"),
}
"""Of the labs that measure a curve: values of its axis, its unit, unit of the values."""
_CURVES = {"antireflex": "spectrum", "fermenter": "course"}
_FIRST = 7


def _lab(
    name: str,
    group: Literal["tune", "report"],
    kind: str,
    noise: Mapping[str, float],
    terms: tuple[str, ...],
    *parameters: Any,
) -> Lab:
    number = _FIRST + list(truth.TRUE).index(name)
    space = SearchSpace(*parameters)
    axes = {_CURVES[name]: AXES[name]} if name in AXES else {}
    return Lab(number, name, group, space, kind, noise, terms, getattr(truth, name), axes)


FURTHER: Mapping[str, Lab] = {
    lab.name: lab
    for lab in (
        _lab(
            "sterilise",
            "tune",
            "heat into a slab of food: sterile in the core, not overdone",
            {"default": 0.015, VALUE: 1.5, "core": 0.5, "lethality": 0.06},
            ("biot", "comeup"),
            Continuous("plate", 105, 145, unit="degC"),
            Continuous("minutes", 4, 90, unit="min", log=True),
            Continuous("thickness", 8, 40, unit="mm"),
            Continuous("start", 5, 60, unit="degC"),
        ),
        _lab(
            "antireflex",
            "report",
            "two spun layers on glass, spectrum of 13 points",
            {"default": 0.002, VALUE: 0.12},
            ("dispersion", "porosity"),
            Continuous("speed1", 1000, 6000, unit="rpm", log=True),
            Continuous("speed2", 1000, 6000, unit="rpm", log=True),
            Continuous("concentration1", 1, 6, unit="%"),
            Continuous("concentration2", 1, 6, unit="%"),
        ),
        _lab(
            "crystals",
            "tune",
            "seeded cooling crystallisation",
            {"default": 0.01, VALUE: 1.2, "size": 4.0},
            ("kb", "Eg"),
            Continuous("hot", 40, 70, unit="degC"),
            Continuous("cold", 2, 30, unit="degC"),
            Continuous("hours", 0.5, 12, unit="h", log=True),
            Continuous("seed", 0.3, 10, unit="%", log=True),
            Continuous("seed_size", 20, 150, unit="um", log=True),
        ),
        _lab(
            "dryer",
            "report",
            "fluid bed dryer with bound water and a product that heat spoils",
            {"default": 0.004, VALUE: 1.0},
            ("bound", "wet bulb"),
            Continuous("air", 35, 95, unit="degC"),
            Continuous("humidity", 2, 15, unit="g/kg"),
            Continuous("speed", 0.4, 3, unit="m/s", log=True),
            Continuous("minutes", 5, 180, unit="min", log=True),
        ),
        _lab(
            "electro",
            "tune",
            "electrosynthesis in a flow cell with mass transport",
            {"default": 0.01, VALUE: 1.0, "voltage": 0.03},
            ("over", "resistance"),
            Continuous("current", 5, 200, unit="mA/cm^2", log=True),
            Continuous("flow", 0.5, 30, unit="mL/min", log=True),
            Continuous("concentration", 0.05, 0.5, unit="mol/L", log=True),
            Continuous("temperature", 15, 60, unit="degC"),
        ),
        _lab(
            "merit",
            "report",
            "hydrogenation valued in money: product, waste, catalyst, hours, pressure",
            {"default": 0.01, VALUE: 1.2},
            ("KP", "kd"),
            Continuous("temperature", 30, 120, unit="degC"),
            Continuous("pressure", 1, 40, unit="bar", log=True),
            Continuous("catalyst", 0.1, 5, unit="%", log=True),
            Continuous("hours", 0.5, 10, unit="h", log=True),
            Continuous("concentration", 0.1, 1.5, unit="mol/L", log=True),
        ),
        _lab(
            "fermenter",
            "tune",
            "fed batch with overflow, time course of eight samples",
            {"default": 0.12, VALUE: 1.2, "cells": 0.25},
            ("overflow", "kd"),
            Continuous("sugar", 4, 40, unit="g/L", log=True),
            Continuous("feed", 0, 1.5, unit="g/L/h"),
            Continuous("temperature", 28, 41, unit="degC"),
            Continuous("pH", 6, 8),
            Continuous("hours", 8, 48, unit="h", log=True),
        ),
        _lab(
            "photo",
            "report",
            "photocatalysis, solvent as category",
            {"default": 0.01, VALUE: 1.2},
            ("solvent", "bleach"),
            Categorical("solvent", truth.SOLVENTS),
            Continuous("light", 5, 200, unit="mW/cm^2", log=True),
            Continuous("concentration", 0.01, 0.3, unit="mol/L", log=True),
            Continuous("catalyst", 0.1, 5, unit="%", log=True),
            Continuous("minutes", 2, 240, unit="min", log=True),
        ),
    )
}
