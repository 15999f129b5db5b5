"""A campaign begins once under a name, and goes on with what was stored or with what fits it."""

import pytest
from campaign_toys import create, write

from labloop.campaign import load_campaign
from labloop.campaign.runs.beginning import definition_to_resume, store_campaign
from labloop.errors import CampaignError, NameTakenError
from labloop.records import Mode

GIVEN = {"mode": Mode.SIMULATED, "actor": "me", "by_hand": False, "device": "auto"}


def test_a_name_is_taken_until_another_one_is_wanted(repositories, tmp_path):
    """The second of a name is refused with the ways on; with ``new`` it is a generation."""
    definition = load_campaign(write(tmp_path, "budget=Budget(experiments=1)"))
    first = store_campaign(repositories, definition, new=False, **GIVEN)
    with pytest.raises(NameTakenError, match="labloop resume tiny"):
        store_campaign(repositories, definition, new=False, **GIVEN)
    second = store_campaign(repositories, definition, new=True, **GIVEN)
    assert (first.generation, second.generation) == (0, 1)
    assert first.id != second.id


def test_a_changed_definition_must_be_of_the_same_campaign(repositories, tmp_path):
    """A larger budget is taken over, another name refused; unchanged, the stored one counts."""
    path = write(tmp_path, "budget=Budget(experiments=1)")
    record = create(repositories, path).record
    assert definition_to_resume(repositories, record, None).spec.budget.experiments == 1
    write(tmp_path, "budget=Budget(experiments=5)")
    changed = definition_to_resume(repositories, record, load_campaign(path))
    assert changed.spec.budget.experiments == 5
    path.write_text(path.read_text().replace('"tiny", Search', '"other", Search'))
    with pytest.raises(CampaignError, match="name its own file"):
        definition_to_resume(repositories, record, load_campaign(path))
