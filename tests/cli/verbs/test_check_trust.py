"""A database from elsewhere: its code is shown, asked about, and only then run."""


def test_resume_of_a_borrowed_database_asks_first(ran, monkeypatch, tmp_path):
    """Another user's campaign is refused with the words to type, then goes on once trusted."""
    monkeypatch.setenv("LABLOOP_STATE", str(tmp_path / "mine"))
    resume = ("resume", "tiny", "--experiments", "4", "--engine", "plain")
    for verb in (resume, ("reanalyse", "tiny")):
        said = ran.refused(*verb)
        assert "not begun by you on this machine" in said
        assert "labloop trust tiny" in said
    assert "no terminal" in ran.refused("trust", "tiny")
    said = ran.ok("trust", "tiny", "--yes")
    assert "campaign.py" in said
    assert "sha256" in said
    assert "4/4" in ran.ok(*resume)


def test_a_person_at_the_terminal_types_the_name(ran, keyboard, monkeypatch, tmp_path):
    """Anything but the campaign's name leaves the code untrusted."""
    monkeypatch.setenv("LABLOOP_STATE", str(tmp_path / "mine"))
    keyboard("yes\n")
    assert "not confirmed" in ran.refused("trust", "tiny")
    keyboard("tiny\n")
    assert "labloop resume tiny" in ran.ok("trust", "tiny")
