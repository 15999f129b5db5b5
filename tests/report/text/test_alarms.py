"""Repeated alarms are told once, with since when."""

from labloop.records import Alarm, AlarmRecord
from labloop.report.text.alarms import AlarmBell, group_alarms


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


def missing(index, unexplained, changes=0.0):
    """Return an alarm of a round that says how much is unexplained."""
    data = {"parameter": "k", "unexplained": unexplained, "changes": changes}
    made = Alarm("physics-missing", f"{100 * unexplained:.0f} %", data=data)
    return AlarmRecord(campaign_id="c", alarm=made, round_index=index)


def rung(raised):
    """Return the words that ring where the bell listens after every alarm."""
    bell, found = AlarmBell(), []
    for count in range(1, len(raised) + 1):
        found += [record.alarm.message for record in bell.ring(raised[:count])]
    assert bell.ring(raised) == []
    return found


def test_a_doubt_rings_when_it_arises_and_when_much_is_unexplained():
    """Growth below a tenth of the variance is in the list, beyond it rings, and once only."""
    shares = (0.01, 0.03, 0.09, 0.11, 0.40, 0.90)
    assert rung([missing(i, share) for i, share in enumerate(shares)]) == ["1 %", "11 %"]


def test_little_growth_across_the_mark_does_not_ring():
    """From 8 % the next ring is at twice as much, so that noise around a mark is not heard."""
    shares = (0.08, 0.11, 0.09, 0.12, 0.17)
    assert rung([missing(i, share) for i, share in enumerate(shares)]) == ["8 %", "17 %"]


def test_symptoms_of_one_physics_are_one_doubt_and_its_rejection_is_news():
    """A constant far off after a missing term is silent; that physics is wrong is always told."""
    far = alarm(6, "k2", kind="physics-parameter")
    wrong = alarm(8, "", kind="physics-wrong")
    raised = [missing(5, 0.05), far, missing(7, 0.3), wrong, missing(9, 0.9), far]
    assert rung(raised) == ["5 %", "30 %", wrong.alarm.message]


def test_doubts_of_two_physics_ring_apart():
    """Of competing physics each has its own doubt."""
    raised = [alarm(5, kind="physics-wrong"), alarm(6)]
    for record, name in zip(raised, "ab", strict=True):
        record.alarm.data["physics"] = name
    assert rung(raised) == [record.alarm.message for record in raised]


def test_the_list_tells_how_far_a_doubt_has_grown():
    """What did not ring again is not hidden: the folded alarm says from what to what."""
    raised = [missing(4, 0.02), missing(5, 0.09)]
    assert told(raised, [4, 5]) == [
        ("physics-missing", "since round 4, unexplained variance grown from 2 to 9 %")
    ]
    assert told([missing(4, 0.20), missing(5, 0.22)], [4, 5]) == [
        ("physics-missing", "since round 4")
    ]


def test_of_one_doubt_the_latest_words_are_news():
    """What was raised twice since the last look is told once, as it stands now."""
    assert [r.alarm.message for r in AlarmBell().ring([alarm(3), alarm(4)])] == [
        "physics-missing of k in round 4"
    ]


def test_what_would_change_most_stands_first():
    """Of doubts in force the one that moves the best most; what has passed comes last."""
    little = alarm(5, kind="physics-undecided")
    raised = [alarm(2, kind="physics-wrong"), missing(5, 0.2, changes=1.5), little]
    assert [kind for kind, _ in told(raised, range(2, 6))] == [
        "physics-missing", "physics-undecided", "physics-wrong",
    ]  # fmt: skip
