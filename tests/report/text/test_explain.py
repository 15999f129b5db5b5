"""What a round learned, asks and doubts is told in words that follow from its numbers."""

import pytest

from labloop.errors import NotFoundError
from labloop.records import Alarm, AlarmRecord, Prediction, Proposal, RoundRecord
from labloop.report import explain, paragraph
from labloop.report.data.campaign import read_campaign
from labloop.report.data.fit import LearnedConstant, MissingTerm
from labloop.report.text.alarms import group_alarms
from labloop.report.text.explanation import (
    describe_constant,
    describe_missing,
    describe_support,
    describe_term,
    explain_round,
    percent,
)
from labloop.report.text.purpose import (
    describe_sources,
    explain_proposals,
    is_dominated,
    source_shares,
)

GOOD = {"weights": {"gp": 0.03, "A, all outputs together": 0.97}, "physics": {"A": 0.97}}


def term(x, value, share=0.95):
    """Return a term of a constant k in 1/s along heat."""
    return MissingTerm("k", "1/s", 0.3, "heat", "degC", share, tuple(x), tuple(value))


@pytest.mark.parametrize(
    ("report", "match"),
    [
        ({}, "has no physics"),
        ({"weights": {"gp": 1.0}}, "No physics could be used in this round"),
        (GOOD, "better with physics than without"),
        ({**GOOD, "physics": {"A": 0.1}}, "worse with physics than without"),
        ({**GOOD, "physics": {"A": 0.5}}, "Whether the physics helps is not decided"),
        ({**GOOD, "physics": {"A": 0.95, "B": 0.01}}, "the data support 'A'"),
        ({**GOOD, "physics": {"B": 0.4, "A": 0.55}}, "lean to 'A' (55 %) but do not rule out 'B'"),
    ],
)
def test_who_counts_is_said_by_the_weights(report, match):
    """With physics or without, which physics, and whether its constants hold still."""
    assert match in describe_support(report)


def test_constants_that_vary_are_told_where_it_can_be_seen(model_report):
    """The weight of that model alone says nothing: its constants may hardly vary."""
    varying = {**model_report, "weights": {"direct, constants that vary": 0.9, "gp": 0.1}}
    assert "which no constant of nature does" in describe_support(varying)
    assert "constants that vary" not in describe_support({**varying, "missing": []})


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.001, "under 1 %"), (0.5, "50 %"), (0.999, "over 99 %"), (1, "100 %")],
)
def test_what_is_nearly_all_is_not_called_all(share, text):
    """Neither 0 nor 100 percent is written for what is not."""
    assert percent(share) == text


@pytest.mark.parametrize(
    ("found", "match"),
    [
        (term([1, 2, 3], [1, 2, 4]), "to rise with heat, from 1 to 4 1/s"),
        (term([1, 2, 3], [4, 2, 1]), "to fall with heat, from 4 to 1 1/s"),
        (term([1, 2, 3], [1, 4, 1.5]), "greatest near heat 2 °C, between 1 and 4 1/s"),
        (term([1, 2, 3], [4, 1, 3.5]), "smallest near heat 2 °C"),
        (term(["a", "b"], [1, 2]), "highest for b (2 1/s) and lowest for a (1)"),
    ],
)
def test_the_shape_of_a_missing_term_is_told(found, match):
    """Rising, falling, a hump, a dip or names."""
    assert match in describe_term(found)


@pytest.mark.parametrize(
    ("ends", "match"),
    [
        ((1, 2, 4, 1, 4.1), "hardly better"),
        ((1, 1.5, 2, 1, 3), "somewhat better"),
        ((1, 1.1, 1.2, 0.1, 10), "times better"),
        ((2, 2, 2, 1, 4), "1000 times better"),
        ((7, 8, 9, 1, 4), "outside of what was believed"),
        ((1, 2, 3, None, None), "nothing was believed"),
    ],
)
def test_what_was_learned_of_a_constant(ends, match):
    """By the width of its interval, and whether it left what was believed."""
    low, mean, high, *prior = ends
    assert match in describe_constant(LearnedConstant("k", "1/s", mean, low, high, *prior))


def test_a_term_is_a_hint_without_an_alarm(model_report):
    """Only an alarm says that constants that vary predict better."""
    report = model_report
    assert describe_missing(report, []).startswith("A hint only")
    assert "clearly better than one" in describe_missing(report, ["physics-missing"])
    assert "Nothing that would show" in describe_missing({**report, "missing": []}, [])
    assert describe_missing({"weights": {"gp": 1.0}}, []) == ""


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ({"noise": 0.7, "between": 0.3}, "a repeat would differ as much"),
        ({"between": 0.6, "noise": 0.4}, "this experiment will tell which is right"),
        ({"parameters": 0.4, "noise": 0.35}, "mainly the constants and noise"),
    ],
)
def test_the_uncertainty_has_a_source(parts, match):
    """One source where it makes most of the variance, else the two greatest."""
    assert match in describe_sources(parts, physics=True)


def test_without_physics_nothing_is_blamed_on_it():
    """A plain model's doubt is what the results leave open."""
    told = describe_sources({"discrepancy": 0.9, "noise": 0.1}, physics=False)
    assert "physics" not in told
    assert describe_sources({}, physics=True) == ""
    assert source_shares({}) == {}


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


def alarm(index, parameter="k", kind="physics-missing", **changes):
    """Return an alarm of a round about a constant."""
    made = Alarm(kind, f"{kind} of {parameter} in round {index}", data={"parameter": parameter})
    return AlarmRecord(campaign_id="c", alarm=made, round_index=index, **changes)


def told(raised, fitted, until=None):
    """Return (kind, when) of the folded alarms."""
    return [(d.kind, d.when) for d in group_alarms(raised, fitted, until, {"e": 7})]


def test_repeated_alarms_are_one_with_since_when():
    """An unbroken run of rounds is one doubt; the newest stands first."""
    raised = [alarm(3, kind="physics-wrong"), alarm(4), alarm(5), alarm(6)]
    assert told(raised, range(2, 7)) == [
        ("physics-missing", "since round 4"),
        ("physics-wrong", "in round 3, not since"),
    ]


def test_a_silent_round_breaks_a_run():
    """What came back is in force since it came back; a round without a model is no silence."""
    raised = [alarm(2), alarm(5), alarm(7)]
    assert told(raised, [2, 3, 5, 7]) == [
        ("physics-missing", "since round 5, first in round 2"),
    ]
    assert told(raised, [2, 5, 7, 8]) == [
        ("physics-missing", "3 times from round 2 to 7, not since"),
    ]


def test_what_is_missing_may_be_named_anew():
    """The constant that shows most may change while the doubt goes on."""
    raised = [alarm(4, "k1"), alarm(5, "k2"), alarm(6, "k2")]
    assert told(raised, [4, 5, 6]) == [("physics-missing", "since round 4, of k2 since round 5")]


def test_an_earlier_round_knows_nothing_of_later_alarms():
    """Looking back at round 5, only what was raised until then counts."""
    assert told([alarm(5), alarm(6)], [5, 6], until=5) == [("physics-missing", "since round 5")]


def test_other_alarms_are_folded_only_where_every_word_is_the_same():
    """Two sensors that are stuck are two alarms."""
    stuck = [
        AlarmRecord(campaign_id="c", alarm=Alarm("sensor-stuck", text), experiment_id="e")
        for text in ("the lamp", "the bath", "the lamp")
    ]
    assert told(stuck, []) == [("sensor-stuck", "experiment 7"), ("sensor-stuck", "experiment 7")]


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
