"""What a round learned, asks and doubts is told in words that follow from its numbers."""

import pytest

from labloop.errors import NotFoundError
from labloop.records import Alarm, RoundRecord
from labloop.report import explain, paragraph
from labloop.report.data.reading import read_campaign
from labloop.report.text.explanation import explain_round

GOOD = {"weights": {"gp": 0.03, "A, all outputs together": 0.97}, "physics": {"A": 0.97}}


def test_a_campaign_is_explained_from_its_rows(written):
    """All five parts come from one database, without the campaign's file."""
    store, campaign_id = written(experiments=30)
    found = explain(store, campaign_id)
    assert (found.round, found.results) == (7, 27)
    assert list(found.competing) == ["direct", "chain"]
    assert [c.name for c in found.constants] == ["rate_constant", "activation_energy"]
    assert [t.parameter for t in found.terms] == ["rate_constant", "activation_energy"]
    assert [p.experiment for p in found.proposals] == [29, 30]
    assert all("it gave" not in p.outcome and p.outcome for p in found.proposals)
    assert any("would decide between them" in text for text in found.open_questions)
    assert {d.kind for d in found.alarms} == {"physics-wrong", "sensor-stuck"}


def test_a_named_round_is_explained_as_it_was_then(written):
    """The best so far is that of then; a round without a model says why."""
    store, campaign_id = written(experiments=30)
    early = explain(store, campaign_id, 0)
    assert "fewer than 8 results" in early.learned
    assert early.missing == ""
    assert early.alarms == ()
    assert {p.kind for p in early.proposals} == {"start"}
    with pytest.raises(NotFoundError, match=r"no round 9; it has rounds 0 to 7"):
        explain(store, campaign_id, 9)


def test_a_campaign_without_a_round_is_explained_in_one_sentence(written):
    """Nothing is made up where nothing was asked for."""
    store, campaign_id = written(experiments=0)
    found = explain(store, campaign_id)
    assert "nothing to explain" in found.learned
    assert (found.proposals, found.open_questions) == ((), ())
    with pytest.raises(NotFoundError, match="no round 0; it has no round yet"):
        explain(store, campaign_id, 0)


def test_an_undecided_mind_says_what_would_change_it(written):
    """Wide constants, a missing term under alarm, rival constants: each has a sentence."""
    store, campaign_id = written(experiments=30)
    for made in (
        Alarm("physics-missing", "it misses something", data={"parameter": "rate_constant"}),
        Alarm("physics-undecided", "two sets of constants explain it alike"),
    ):
        store.alarms.add(campaign_id, made, round_index=7).result(timeout=30)
    data = read_campaign(store, campaign_id)
    wide = {**data.fit_report["parameters"][0], "low": 0.001, "high": 10.0}
    last = data.rounds[-1]
    report = {**last.fit_report, "parameters": [wide]}
    doubtful = RoundRecord(
        campaign_id=campaign_id, index=7, proposals=last.proposals, fit_report=report
    )
    questions = " ".join(explain_round(data, doubtful).open_questions)
    for match in (
        "rate_constant: the results so far say hardly anything",
        "rate constant need not vary",
        "two sets of constants explain it alike",
        "Alarms in force: physics-missing (since round 7)",
    ):
        assert match in questions


def test_physics_that_could_not_move_is_said_with_what_was_learned(written):
    """A person who asked for a GPU learns why it was not used; nobody else is told of devices."""
    store, campaign_id = written(experiments=30)
    data = read_campaign(store, campaign_id)
    last = data.rounds[-1]
    before = explain_round(data, last).learned
    why = "physics 'mine' was solved on the processor, for on cuda it failed: TypeError"
    for given_up, more in (([], ""), ([why], f" P{why[1:]}.")):
        report = {**last.fit_report, "solving": {"device": "cuda", "given_up": given_up}}
        made = RoundRecord(
            campaign_id=campaign_id, index=7, proposals=last.proposals, fit_report=report
        )
        assert explain_round(data, made).learned == before + more


def test_a_paragraph_tells_a_round_where_rows_are_not_at_hand(model_report):
    """For a window of another program: weights, sharp constants, the term, every alarm."""
    text = paragraph(model_report, [Alarm("physics-wrong", "check its reactions")])
    assert "Learned: rate_constant 0.51 to 0.66 L/mol/s; activation_energy" in text
    assert "rate constant seems to fall with residence time" in text
    assert text.endswith("Alarm physics-wrong: check its reactions.")
    assert paragraph({}, []) == ""
