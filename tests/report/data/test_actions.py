"""The journal becomes spans of lab time that can be drawn, however many they are."""

from labloop.records import ActionState, Intent, JournalEntry, Outcome
from labloop.report.data.actions import STEPS, build_timeline, merge_spans, timeline_rows


def _entry(number, start, end, *, device="pump", state=ActionState.DONE, kind="action"):
    intent = Intent(
        id=f"a{number}",
        campaign_id="c",
        experiment_id="c-0001",
        device=device,
        name="dispense",
        kind=kind,
        lab_time=start,
    )
    outcome = None if end is None else Outcome(intent_id=f"a{number}", state=state, lab_time=end)
    return JournalEntry(sequence=number, intent=intent, outcome=outcome)


def test_a_second_opening_of_the_lab_is_put_behind_the_first():
    """Lab time that starts again at 0 is drawn after what was before, not over it."""
    time = build_timeline([_entry(1, 0, 10), _entry(2, 12, 30), _entry(3, 1, 5)])
    assert [(s.start, s.end) for s in time.spans] == [(0, 10), (12, 30), (31, 35)]
    assert time.openings == (30,)


def test_an_action_without_outcome_is_a_mark_where_it_began():
    """An open intent is not drawn as if it had lasted until now."""
    (span,) = build_timeline([_entry(1, 7, None)]).spans
    assert (span.start, span.end, span.state) == (7, 7, ActionState.INTENT)


def test_thousands_of_actions_become_a_few_bars_that_still_count_them():
    """Actions closer than a pixel are joined; none is lost, states are never mixed."""
    entries = [_entry(i, i, i + 0.9) for i in range(5000)]
    entries[2500] = _entry(2500, 2500, 2500.9, state=ActionState.FAILED)
    spans = build_timeline(entries).spans
    bars = merge_spans(spans, lambda seconds: seconds / 5, gap=0.8)
    assert len(bars) < 5
    assert sum(n for bar in bars for n in bar.names.values()) == 5000
    assert [b.names["dispense"] for b in bars if b.state is ActionState.FAILED] == [1]


def test_far_actions_stay_apart():
    """Bars a pixel apart are drawn as two."""
    spans = build_timeline([_entry(1, 0, 1), _entry(2, 100, 101)]).spans
    assert len(merge_spans(spans, lambda seconds: seconds, gap=0.8)) == 2


def test_steps_have_a_row_of_their_own_above_the_devices():
    """Named steps are not mistaken for a device."""
    spans = build_timeline([_entry(1, 0, 1), _entry(2, 2, 3, kind="step", device="")]).spans
    assert timeline_rows(spans) == [STEPS, "pump"]
    assert "dispense" in spans[0].words
