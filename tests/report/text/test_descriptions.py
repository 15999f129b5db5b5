"""What a model learned and misses is told in words that follow from its numbers."""

import pytest

from labloop.report.data.fit import LearnedConstant, MissingTerm
from labloop.report.text.descriptions import (
    describe_constant,
    describe_missing,
    describe_support,
    describe_term,
    percent,
)

GOOD = {"weights": {"gp": 0.03, "A, all outputs together": 0.97}, "physics": {"A": 0.97}}


def term(x, value, share=0.95):
    """Return a term of a constant k in 1/s along heat."""
    return MissingTerm("k", "1/s", 0.3, "heat", "degC", share, tuple(x), tuple(value))


@pytest.mark.parametrize(
    ("report", "match"),
    [
        ({}, "has no physics"),
        ({"weights": {"gp": 1.0}}, "No physics could be used in this round"),
        (GOOD, "better with physics than without"),
        ({**GOOD, "physics": {"A": 0.1}}, "worse with physics than without"),
        ({**GOOD, "physics": {"A": 0.5}}, "Whether the physics helps is not decided"),
        ({**GOOD, "physics": {"A": 0.95, "B": 0.01}}, "the data support 'A'"),
        ({**GOOD, "physics": {"B": 0.4, "A": 0.55}}, "lean to 'A' (55 %) but do not rule out 'B'"),
    ],
)
def test_who_counts_is_said_by_the_weights(report, match):
    """With physics or without, which physics, and whether its constants hold still."""
    assert match in describe_support(report)


def test_physics_that_does_not_lead_yet_is_said_to():
    """Whose proposals these are is told with the numbers that decided it."""
    lead = {"total": 0.8, "error": 1.2, "proven": False}
    told = describe_support({**GOOD, "lead": lead})
    assert "do not prove it (lead in log density 0.80 +- 1.2), so the model without physics" in told
    assert "prove" not in describe_support({**GOOD, "lead": {**lead, "proven": True}})


def test_constants_that_vary_are_told_where_it_can_be_seen(model_report):
    """The weight of that model alone says nothing: its constants may hardly vary."""
    varying = {**model_report, "weights": {"direct, constants that vary": 0.9, "gp": 0.1}}
    assert "which no constant of nature does" in describe_support(varying)
    assert "constants that vary" not in describe_support({**varying, "missing": []})


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.001, "under 1 %"), (0.5, "50 %"), (0.999, "over 99 %"), (1, "100 %")],
)
def test_what_is_nearly_all_is_not_called_all(share, text):
    """Neither 0 nor 100 percent is written for what is not."""
    assert percent(share) == text


@pytest.mark.parametrize(
    ("found", "match"),
    [
        (term([1, 2, 3], [1, 2, 4]), "to rise with heat, from 1 to 4 1/s"),
        (term([1, 2, 3], [4, 2, 1]), "to fall with heat, from 4 to 1 1/s"),
        (term([1, 2, 3], [1, 4, 1.5]), "greatest near heat 2 °C, between 1 and 4 1/s"),
        (term([1, 2, 3], [4, 1, 3.5]), "smallest near heat 2 °C"),
        (term(["a", "b"], [1, 2]), "highest for b (2 1/s) and lowest for a (1)"),
    ],
)
def test_the_shape_of_a_missing_term_is_told(found, match):
    """Rising, falling, a hump, a dip or names."""
    assert match in describe_term(found)


@pytest.mark.parametrize(
    ("ends", "match"),
    [
        ((1, 2, 4, 1, 4.1), "hardly better"),
        ((1, 1.5, 2, 1, 3), "somewhat better"),
        ((1, 1.1, 1.2, 0.1, 10), "times better"),
        ((2, 2, 2, 1, 4), "1000 times better"),
        ((7, 8, 9, 1, 4), "outside of what was believed"),
        ((1, 2, 3, None, None), "nothing was believed"),
    ],
)
def test_what_was_learned_of_a_constant(ends, match):
    """By the width of its interval, and whether it left what was believed."""
    low, mean, high, *prior = ends
    assert match in describe_constant(LearnedConstant("k", "1/s", mean, low, high, *prior))


def test_a_term_is_a_hint_without_an_alarm(model_report):
    """Only an alarm says that constants that vary predict better."""
    report = model_report
    assert describe_missing(report, []).startswith("A hint only")
    assert "clearly better than one" in describe_missing(report, ["physics-missing"])
    assert "Nothing that would show" in describe_missing({**report, "missing": []}, [])
    assert describe_missing({"weights": {"gp": 1.0}}, []) == ""
