"""What a model expects along each parameter is what it predicts there."""

import math

import pytest
import torch

from labloop.physics import By, FunctionPhysics, Prior, Rate, bind, kinetics, response_curves
from labloop.report import write_physics_curves
from labloop.space import Categorical, Continuous, SearchSpace

SPACE = SearchSpace(
    Continuous("minutes", 1, 100, unit="min", log=True),
    Continuous("idle", 0, 1),
    Categorical("solvent", ["DMF", "THF"]),
)
RATES = By("solvent", {"DMF": Prior(0.1, "1/min", fold=2), "THF": Prior(0.01, "1/min", fold=2)})
MODEL = kinetics(
    feed={"A": "1 mol/L"}, time="minutes", outputs={"y": "P / A0", "left": ("A", "mol/L")}
)(type("Decay", (), {"k": Rate("A -> P", k=RATES)}))


def test_a_curve_follows_the_model_through_the_middle():
    """Medians are predictions at the priors' medians, on the parameter's scale, in its unit."""
    curves = response_curves(MODEL, SPACE)
    assert [(c.output, c.parameter) for c in curves] == [
        ("y", "minutes"), ("y", "solvent"), ("left", "minutes"), ("left", "solvent"),
    ]  # fmt: skip
    along = curves[0]
    assert along.x[0] == pytest.approx(1)
    assert along.x[15] == pytest.approx(10)
    assert along.log
    points = [{"minutes": float(m), "idle": 0.5, "solvent": "DMF"} for m in along.x]
    found = bind(MODEL, SPACE).predict(torch.tensor(SPACE.encode(points)), torch.zeros(2).double())
    assert along.median == pytest.approx(found[:, 0].tolist(), rel=1e-9)
    assert all(a <= b <= c for a, b, c in zip(along.low, along.median, along.high, strict=True))
    by_solvent = curves[1]
    assert by_solvent.x == ("DMF", "THF")
    assert by_solvent.median == pytest.approx([1 - math.exp(-1.0), 1 - math.exp(-0.1)], rel=1e-4)


def test_the_band_is_that_of_the_prior():
    """Of y = a x with a log-normal a the band is wide by its 5 and 95 %."""
    line = FunctionPhysics(
        lambda x, t: {"y": x["idle"] * t["a"]}, {"a": Prior(1, fold=2)}, {"idle": "1"}, ["y"]
    )
    (curve,) = response_curves(line, SPACE)
    assert curve.median[-1] == pytest.approx(1.0)
    assert math.log2(curve.high[-1]) == pytest.approx(1.645, abs=0.6)
    assert math.log2(curve.low[-1]) == pytest.approx(-1.645, abs=0.6)


def test_the_picture_has_a_chart_for_each(tmp_path):
    """One line or one row of dots a curve, titles with units, well-formed."""
    from xml.etree import ElementTree as ET

    path = write_physics_curves("Decay", response_curves(MODEL, SPACE), tmp_path / "p" / "d.svg")
    text = path.read_text(encoding="utf-8")
    ET.fromstring(text)  # noqa: S314 - our own file
    assert text.count('class="mean"') == 2
    assert text.count('class="dot"') == 4
    assert "minutes (min)" in text
    assert "left (mol/L)" in text
