"""Where physics is solved is said for a run, by --device, and is no part of a campaign."""

import pytest
import torch


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    """Make this a machine without a GPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "campaign.py", "--engine", "plain"),
        ("ask", "hand.py", "--out", "next.csv"),
        ("bench", "--strategy", "auto", "--seeds", "1", "--out", "bench"),
    ],
    ids=lambda words: words[0],
)
def test_a_gpu_that_is_not_there_is_one_sentence(tiny, by_hand, words):
    """Said before anything is begun: no campaign is stored, no file is written."""
    tiny.write("hand.py", by_hand)
    said = tiny.refused(*words, "--device", "cuda")
    assert "device 'cuda' was asked for, but torch" in said
    assert "finds no CUDA device on this machine; ask for 'auto' or 'cpu'" in said
    assert not (tiny.folder / "next.csv").exists()
    assert not (tiny.folder / "bench" / "proposals.csv").exists()
    if words[0] == "run":
        assert "no campaign is called 'tiny'" in tiny.refused("status", "tiny")


def test_a_run_may_be_told_and_a_resume_told_otherwise(tiny):
    """The device is the machine's: the campaign is the same one with any."""
    tiny.ok("run", "campaign.py", "--engine", "plain", "--device", "cpu")
    tiny.ok("resume", "tiny", "--engine", "plain", "--experiments", "4", "--device", "auto")
    assert "got device 'gpu'" in tiny.refused(
        "resume", "tiny", "--engine", "plain", "--experiments", "5", "--device", "gpu"
    )


def test_the_help_says_what_it_is_for(tiny):
    """In every verb that makes a strategy by name."""
    for verb in ("run", "resume", "ask", "bench"):
        assert "where physics is solved" in " ".join(tiny.ok(verb, "--help").split())
