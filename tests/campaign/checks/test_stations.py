"""Promise: a recipe that needs what no station has is told before anything moves."""

import pytest
from campaign_toys import create, write

from labloop.campaign import check_campaign
from labloop.errors import CampaignError

OVEN = """
[stations.oven]
count = 1
change_over = { parameter = "level", unit = "mL", time = "15 min" }
"""


PLATE = """
[plates.assay]
[consumables.tip]
[places.rack]
positions = 24
"""


def file_that(tmp_path, line, stations=""):
    """Return a campaign whose recipe has a line more."""
    path = write(tmp_path, "budget=Budget(experiments=1)")
    text = path.read_text().replace("    return {", f"    {line}\n    return {{", 1)
    path.write_text(text)
    with (tmp_path / "lab.toml").open("a") as lab:
        lab.write(stations)
    return path


@pytest.mark.parametrize(
    ("line", "stations", "sentence"),
    [
        ("async with lab.any('oven'): pass", "", "needs stations 'oven'.*it has no stations; add"),
        ("async with lab.any('ofen'): pass", OVEN, "needs stations 'ofen'.*it has oven"),
        ("async with lab.all('box', 'arm'): pass", "", "needs stations 'arm'.*it has box"),
        ("async with lab.any('oven'): pass", OVEN, r"use of oven needs its level.*setting=x.level"),
        ("async with lab.use('glue', 1): pass", "", "uses 'glue'.*nothing that is used up; add"),
        ("async with lab.use('assay', 'H13'): pass", PLATE, "no place 'H13' of assay.*A1 to H12"),
        ("async with lab.use('tip', 'A1'): pass", PLATE, "no place 'A1' of tip: it has an amount"),
        ("await lab.sample('vial', place='attic')", PLATE, "puts a sample into 'attic', which is"),
        ("await lab.move(None, 'attic')", PLATE, "puts a sample into 'attic', which is no place"),
    ],
)
def test_a_need_that_no_station_meets_gets_a_sentence(
    repositories, tmp_path, line, stations, sentence
):
    """Promise: with file and line, by ``labloop check`` and before a run alike."""
    path = file_that(tmp_path, line, stations)
    told = [found.text for found in check_campaign(path) if not found.good]
    assert len(told) == 1
    with pytest.raises(CampaignError, match=sentence) as refused:
        create(repositories, path).run()
    assert told[0] in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [
        "async with lab.any('oven', setting=x.level), lab.exclusive(lab.box): pass",
        "async with lab.any('assay'), lab.use('assay', 'H12'), lab.use('tip', 2): pass",
        "await lab.move(await lab.sample('vial', place='rack.A1'), 'assay.B3')",
    ],
)
def test_what_fits_is_not_refused(repositories, tmp_path, line):
    """Promise: stations, devices, things and places that there are run."""
    path = file_that(tmp_path, line, OVEN + PLATE)
    assert all(found.good for found in check_campaign(path))
    assert create(repositories, path).run().reason.startswith("the budget")
