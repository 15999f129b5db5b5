"""Conditions and results as lines: upright axes on a desk, lying ones on a phone."""

import re

import pytest

from labloop.report.data.reading import read_campaign
from labloop.report.sections.convergence import convergence_section
from labloop.report.sections.parallel import parallel_section


def boxes(section):
    """Return the width of each drawing by where it is shown."""
    found = re.findall(r'class="(on-\w+)">(?:<div class="wide">)?<svg viewBox="0 0 (\d+)', section)
    return [(place, int(width)) for place, width in found]


def test_every_experiment_and_axis_is_in_both_drawings(written):
    """Nothing that a desk shows is missing on a phone, and the phone needs no scrolling."""
    store, campaign_id = written(aims=2)
    data = read_campaign(store, campaign_id)
    body = str(parallel_section(data).body)
    assert boxes(body) == [("on-desk", 1080), ("on-phone", 400)]
    desk, phone = body.split('class="on-phone"')
    lines = [
        set(re.findall(r'<path d="[^"]*" class="pc[^>]*data-e="(\d+)"', d)) for d in (desk, phone)
    ]
    assert lines[0] == lines[1] != set()
    for words in ("temperature", "solvent", "ethanol", "impurity"):
        assert words in desk
        assert words in phone


@pytest.mark.parametrize(("aims", "drawings"), [(1, 1), (2, 2)])
def test_the_way_to_the_best_fits_a_phone(written, aims, drawings):
    """One aim is one staircase; two are a trade-off and its volume, each drawn for both."""
    store, campaign_id = written(aims=aims)
    body = str(convergence_section(read_campaign(store, campaign_id)).body)
    assert [place for place, _ in boxes(body)] == ["on-desk", "on-phone"] * drawings
    assert {width for place, width in boxes(body) if place == "on-phone"} == {400}
