"""The worked examples of physics: the page shows their code, and they run."""

import importlib
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "physics"
PAGE = (ROOT / "docs" / "tutorial" / "worked-examples.md").read_text(encoding="utf-8")
NAMES = ("flow", "enzyme", "coating", "dosing")
_HELPERS = ("integrate", "campaigns", "drawing")


@pytest.fixture
def load(monkeypatch):
    """Import modules of the folder by their own names, and forget them afterwards."""
    monkeypatch.syspath_prepend(str(FOLDER))
    for name in (*NAMES, *_HELPERS):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in (*NAMES, *_HELPERS):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_model_that_runs(name):
    """The block of a model is the module's own text between its two marks."""
    (block,) = re.findall(rf"```python\n# {name}\.py\n(.*?)```", PAGE, re.DOTALL)
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert text.split("# fmt: off\n")[1].split("# fmt: on\n")[0] == block


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_is_a_drawing_and_small(name):
    """GitHub shows what is well-formed; a page of pictures must not be slow."""
    assert f"](../images/worked-{name}.svg)" in PAGE
    picture = (ROOT / "docs" / "images" / f"worked-{name}.svg").read_bytes()
    assert len(picture) < 60_000
    assert ET.fromstring(picture).tag.endswith("svg")  # noqa: S314 - our own file


def test_seven_experiments_with_physics_and_without(load):
    """Both begin with the same three points; the one with physics says what it learned."""
    campaigns, flow, drawing = load("campaigns"), load("flow"), load("drawing")
    runs = {
        flag: [campaigns.run(flow, physics=flag, seed=0, experiments=7)] for flag in (True, False)
    }
    (physics,), (plain,) = runs[True], runs[False]
    points = [[dict(o.point) for o in one.observations] for one in (physics, plain)]
    assert len(points[0]) == len(points[1]) == 7
    assert points[0][:3] == points[1][:3]
    assert points[0][3:] != points[1][3:]
    top, where = campaigns.optimum(flow)
    assert max(physics.best + plain.best) <= top
    assert dict(flow.SPACE.validate(where)) == dict(where)
    assert {row["name"] for row in physics.report["parameters"]} == set(flow.TRUE)
    assert "physics" not in plain.report
    parts = [drawing.best_part(flow, runs, top, "1"), drawing.missing_part(flow, [physics])]
    shown = drawing.picture("flow", [*parts, drawing.constants_part(flow, {0: physics})])
    words = {text.text for text in ET.fromstring(shown).iter() if text.text}  # noqa: S314
    assert {"with physics", "k1.k", "in truth the same everywhere"} <= words


@pytest.mark.parametrize("name", NAMES)
def test_a_truth_is_finite_and_loses_nothing_it_should_keep(name, load):
    """No yield below nothing or above all that was fed, anywhere in the space."""
    campaigns, example = load("campaigns"), load(name)
    out = campaigns.ideal(example, example.SPACE.sample(64, 5))
    whole = {
        "flow": lambda: (out["product"] + out["bis"], 1.0),
        "enzyme": lambda: (out["course"][:, -1], 300.0),
        "coating": lambda: (out["spectrum"], 100.0),
        "dosing": lambda: (out["product"] + 0.0 * out["impurity"], 1.0),
    }
    values, most = whole[name]()
    assert values.min() >= 0.0
    assert values.max() <= most
