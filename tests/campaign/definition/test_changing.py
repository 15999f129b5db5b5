"""A few words change bounds, levels, outputs and aims, and nothing else."""

import pytest

from labloop import (
    CampaignSpec,
    Categorical,
    Continuous,
    Integer,
    Linear,
    Maximize,
    Mixture,
    Ordered,
    Pool,
    Scalar,
    SearchSpace,
)
from labloop.campaign import define_campaign
from labloop.campaign.definition.changing import changed, with_changes
from labloop.errors import CampaignError, DefinitionError


@pytest.fixture
def definition():
    """Return a definition with every kind of parameter."""
    described = {"DMF": {"polarity": 6.4}, "THF": {"polarity": 4.0}, "water": {"polarity": 10.2}}
    space = SearchSpace(
        Continuous("heat", 20, 100, unit="degC"),
        Integer("cycles", 1, 5),
        Ordered("path", [1, 2, 5], unit="mm"),
        Categorical("base", ["K2CO3", "NaOH"]),
        Categorical("solvent", list(described), described),
        Mixture({"a": (0, 1), "b": (0, 1)}),
        Pool({"lot": ["x", "y"]}, {"lot": Categorical}, reusable=True),
        Linear({"heat": 1}, "<=", 90, unit="degC"),
    )
    outputs = [Scalar("gain", unit="%"), Scalar("loss")]
    return define_campaign(CampaignSpec("words", space, outputs, Maximize("gain"), dict))


@pytest.mark.parametrize(
    ("words", "parameter", "legal"),
    [
        ({"heat": "0..85"}, "heat", (0, 85)),
        ({"heat": "..95"}, "heat", (20, 95)),
        ({"cycles": "2..8"}, "cycles", (2, 8)),
        ({"path": "+10|-1"}, "path", (2.0, 5.0, 10.0)),
        ({"base": "+CsF"}, "base", ("K2CO3", "NaOH", "CsF")),
        ({"solvent": "-THF"}, "solvent", ("DMF", "water")),
        ({"a": "0.2..0.8"}, "a", (0.2, 0.8)),
    ],
)
def test_a_parameter_is_changed(definition, words, parameter, legal):
    """What is named has its new bounds or levels; every other item is as before."""
    made = changed(definition, words, 7)
    after = {p.name: p for p in made.spec.space.parameters}
    before = {p.name: p for p in definition.spec.space.parameters}
    found = after[parameter]
    assert (getattr(found, "values", None) or found.bounds) == legal
    assert all(after[name] == before[name] for name in before if name != parameter)
    assert len(made.spec.space.items) == len(definition.spec.space.items)
    assert made.bundle.sha256 != definition.bundle.sha256
    assert with_changes(definition, made.bundle.spec) == made


def test_outputs_and_aims_are_changed(definition):
    """An output, an aim and what has to be kept come, and an aim goes."""
    words = {"output": "purity [%]", "minimize": "loss", "purity": "90.."}
    both = changed(definition, words, 1)
    made = both.spec
    assert [(o.name, o.unit) for o in made.outputs][-1] == ("purity", "%")
    assert list(map(str, made.objectives.aims)) == ["maximize gain", "minimize loss"]
    assert list(map(str, made.constraints)) == ["purity at least 90"]
    (left,) = changed(both, {"drop": "gain"}, 2).spec.objectives.aims
    assert str(left) == "minimize loss"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"heat": "85"}, "is changed by its bounds"),
        ({"heat": "warm..85"}, "'warm' is no number"),
        ({"heat": "85..30"}, "low < high"),
        ({"heat": "95..100"}, "heat"),
        ({"path": "+2"}, "is there already"),
        ({"base": "-CsF"}, "is not there"),
        ({"base": "CsF"}, "added and taken away by"),
        ({"solvent": "+NMP"}, "NMP has none"),
        ({"lot": "+z"}, "whose rows are changed in the campaign file"),
        ({"a": "0..0.1", "b": "0..0.1"}, "cannot sum to 1"),
        ({"output": "gain"}, "declared already"),
        ({"gain": "nothing"}, "is changed by its bounds"),
        ({"colour": "1..2"}, "is no parameter and no output"),
    ],
)
def test_what_is_no_change_is_refused(definition, words, sentence):
    """One sentence says what was asked, and the definition is as it was."""
    before = definition.bundle.sha256
    with pytest.raises((CampaignError, DefinitionError), match=sentence):
        changed(definition, words, 1)
    assert definition.bundle.sha256 == before
