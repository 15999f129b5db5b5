"""A proposal is for use or for learning, and its sentence follows from its numbers."""

from labloop.records import Prediction, Proposal, RoundRecord
from labloop.report.data.reading import read_campaign
from labloop.report.text.proposals import explain_proposals, is_dominated

GOOD = {"weights": {"gp": 0.03, "A, all outputs together": 0.97}, "physics": {"A": 0.97}}


def asked(data, mean, sd, name="product_yield", **changes):
    """Return the purpose of one proposal with this prediction, after every experiment."""
    predicted = {name: Prediction(mean, sd, mean - 1.645 * sd, mean + 1.645 * sd)}
    values = {"model": "mixture", "predicted": predicted} | changes
    proposal = Proposal(data.best.record.point, "auto", "the reason", **values)
    made = RoundRecord(campaign_id="c", index=99, proposals=(proposal,), fit_report=GOOD)
    return explain_proposals(data, made)[0]


def test_a_proposal_is_for_use_or_for_learning(written):
    """By expected value and interval against the best measured so far."""
    data = read_campaign(*written(experiments=12))
    best = data.best.scalars["product_yield"].value
    for mean, sd, kind, match in [
        (best + 20, 1, "exploit", "even at the worse end better"),
        (best + 20, 30, "exploit", "though not surely"),
        (best - 0.5, 1, "exploit", "about as good as the best so far"),
        (best - 20, 30, "explore", "so uncertain that it may beat it"),
        (best - 30, 2, "explore", "even at the better end: made to learn"),
    ]:
        found = asked(data, mean, sd)
        assert (found.kind, match in found.sentence) == (kind, True), found.sentence
    assert asked(data, 1, 1, model="").kind == "start"
    assert "without a prediction" in asked(data, 1, 1, name="impurity").sentence


def test_with_several_aims_a_trade_off_counts(written):
    """A proposal may be worth it though it is the best in no aim."""
    data = read_campaign(*written(experiments=20, aims=2))
    dear, bad = Prediction(200, 1, 198, 202), Prediction(5, 0.1, 4.8, 5.2)
    found = asked(data, 0, 0, predicted={"product_yield": dear, "impurity": bad})
    assert found.kind == "exploit"
    assert "a trade-off that no result so far matches" in found.sentence
    poor = {"product_yield": Prediction(1, 1, 0, 2), "impurity": bad}
    assert "made to learn" in asked(data, 0, 0, predicted=poor).sentence
    assert is_dominated((1.0, 2.0), [(1.0, 2.0)])
    assert not is_dominated((1.0, 2.0), [(2.0, 1.0)])
