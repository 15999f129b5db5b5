"""``labloop new`` writes what can be checked and run as it stands."""

import pytest


@pytest.mark.parametrize(("kind", "file"), [("function", "mine.py"), ("lab", "mine/campaign.py")])
def test_what_is_written_runs(shell, kind, file):
    """A function and a lab are complete campaigns of the name that was asked for."""
    said = shell.ok("new", "mine", "--by", kind)
    assert f"labloop run {file}" in said
    assert "problem" not in shell.ok("check", file)
    said = shell.ok("run", file, "--engine", "plain", "--experiments", "2")
    assert "campaign  mine (" in said
    assert "exists" in shell.refused("new", "mine", "--by", kind)


def test_by_hand_is_asked_for(shell):
    """Without anything to call a person is asked."""
    assert "labloop ask mine.py" in shell.ok("new", "mine", "--by", "hand")
    assert "2 experiments to carry out" in shell.ok("ask", "mine.py", "-n", "2")


def test_a_name_that_is_none_writes_nothing(shell):
    """It is told what a name is made of."""
    assert "letters, digits" in shell.refused("new", "../mine")
    assert not list(shell.folder.iterdir())
