"""What differs between two bundles is told so that a person can judge it."""

from campaign_toys import FILE

from labloop.campaign import load_campaign
from labloop.campaign.definition.differences import bundle_differences, item_changes
from labloop.records import Bundle


def bundle(**spec):
    """Return a bundle of a spec without files."""
    return Bundle(spec=spec, files={}, entry="", versions={})


def test_a_changed_budget_names_its_limit():
    """The limit that changed is told, not the whole of the budget."""
    before = bundle(budget={"experiments": 15, "hours": None}, seed=1)
    after = bundle(budget={"experiments": 20, "hours": None}, seed=2)
    assert bundle_differences(before, after) == [
        "the spec differs in budget of experiments (15 -> 20), seed (1 -> 2)"
    ]
    assert bundle_differences(before, before) == []


def test_items_are_new_gone_or_declared_otherwise():
    """Of a list of parameters or outputs each item is told of its own."""
    before = [{"name": "a", "unit": "g"}, {"name": "b", "unit": "g"}]
    after = [{"name": "a", "unit": "mg"}, {"name": "c", "unit": "g"}]
    assert item_changes(before, after) == ["c is new", "b is gone", "a: unit (g -> mg)"]


def test_a_change_is_named(folder):
    """What differs between two bundles is told by file and by key of the spec."""
    before = load_campaign(folder).bundle
    (folder / "helper.py").write_text("TOP = 5.0\n")
    (folder / "new.py").write_text("")
    (folder / "campaign.py").write_text(f"import new\n{FILE}")
    now = load_campaign(folder).bundle
    told = bundle_differences(before, now)
    assert "new.py is new" in told
    assert "helper.py has changed" in told
    assert any("space" in line for line in told)
    assert bundle_differences(now, now) == []
    assert before.sha256 != now.sha256
