"""Bounds of an output: what is expected of it is shown within what it can be at all."""

import re

import pytest

from labloop.errors import DefinitionError
from labloop.records import Scalar
from labloop.report.data.reading import read_campaign
from labloop.store import open_database

CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace
from labloop.records import Prediction, Proposal, ProposalBatch

class Hopeful:
    name = "hopeful"

    def propose(self, space, objective, data, pending, n, seed):
        expected = {"yield": Prediction(112.0, 10.0, 95.5, 128.5)}
        points = [{"a": (len(data) + i) / 10} for i in range(n)]
        proposals = tuple(
            Proposal(p, self.name, "next", model="m", predicted=expected) for p in points
        )
        return ProposalBatch(proposals)

def measure(x):
    return {"yield": 90 + 5 * x.a}

campaign = CampaignSpec(
    "hope", SearchSpace(Continuous("a", 0, 1)), outputs=[Scalar("yield", unit="%"BOUNDS)],
    objective=Maximize("yield"), procedure=measure, strategy=Hopeful(),
    budget=Budget(experiments=3),
)
"""


def test_what_is_expected_is_shown_within_bounds(shell):
    """As stored it stays what the model said; shown it is what can be; both may be declared."""
    shell.write("hope.py", CAMPAIGN.replace("BOUNDS", ""))
    shell.ok("run", "hope.py", "--engine", "plain")
    shell.ok("report", "hope", "--out", "before.html")
    assert "128" in (shell.folder / "before.html").read_text(encoding="utf-8")
    shell.write("hope.py", CAMPAIGN.replace("BOUNDS", ", bounds=(0, 100)"))
    words = ("resume", "hope", "--engine", "plain", "--changed", "hope.py", "--experiments", "4")
    shell.ok(*words)
    shell.write("other.py", CAMPAIGN.replace("BOUNDS", ", bounds=(0, 100)").replace("hope", "more"))
    shell.ok("run", "other.py", "--engine", "plain")
    shell.ok("report", "more", "--out", "after.html")
    text = (shell.folder / "after.html").read_text(encoding="utf-8")
    assert not re.search(r"predicted[^<]*\b12\d", text)
    with open_database(shell.folder / "labloop.db", read_only=True) as store:
        (made,) = [c for c in store.campaigns.all() if c.name == "more"]
        assert store.rounds.all(made.id)[0].proposals[0].predicted["yield"].high == 128.5
        shown = read_campaign(store, made.id).experiments[0].proposal.predicted["yield"]
        assert (shown.low, shown.mean, shown.high) == (95.5, 100, 100)


@pytest.mark.parametrize("bounds", [(100, 0), (0,), (0, float("inf")), "ab", 3, (0, 1, 2), (1, 1)])
def test_bounds_that_are_none_are_refused(bounds):
    """Two finite numbers, the lower one first."""
    with pytest.raises(DefinitionError):
        Scalar("y", bounds=bounds)
