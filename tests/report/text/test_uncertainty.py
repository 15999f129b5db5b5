"""The uncertainty of a proposal has a source, in words that fit the model."""

import pytest

from labloop.report.text.uncertainty import describe_sources, source_shares


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ({"noise": 0.7, "between": 0.3}, "a repeat would differ as much"),
        ({"between": 0.6, "noise": 0.4}, "this experiment will tell which is right"),
        ({"parameters": 0.4, "noise": 0.35}, "mainly the constants and noise"),
    ],
)
def test_the_uncertainty_has_a_source(parts, match):
    """One source where it makes most of the variance, else the two greatest."""
    assert match in describe_sources(parts, physics=True)


def test_without_physics_nothing_is_blamed_on_it():
    """A plain model's doubt is what the results leave open."""
    told = describe_sources({"discrepancy": 0.9, "noise": 0.1}, physics=False)
    assert "physics" not in told
    assert describe_sources({}, physics=True) == ""
    assert source_shares({}) == {}
