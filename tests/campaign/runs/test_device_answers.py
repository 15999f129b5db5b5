"""Promise: a campaign that died asks the instruments that keep what they did, before a person."""

import json
import threading

import pytest

from benchmarks.durability import doser
from labloop.campaign import Campaign, load_campaign
from labloop.campaign.execution.jobs import planned_record
from labloop.campaign.loop.reconciliation import reconcile
from labloop.campaign.runs.device_answers import mark_of
from labloop.records import (
    ActionState,
    ExperimentJob,
    ExperimentState,
    Intent,
    Mode,
    Origin,
    Outcome,
    make_experiment_id,
)
from labloop_simulators.kit import serve_world


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Serve a doser that keeps the ids of what it did."""
    monkeypatch.setenv("LABLOOP_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("LABLOOP_STATE", str(tmp_path / "state"))
    with serve_world({"doser": doser.DoserEmulator(tmp_path)}) as urls:
        (tmp_path / "urls.json").write_text(json.dumps(dict(urls)))
        yield tmp_path


def cut_off(repositories, place, *, tells=True, did=True):
    """Return a campaign whose process died with the intent of ``put`` open."""
    url = json.loads((place / "urls.json").read_text())["doser"]
    path = doser.write_campaign(place, url, seed=1, experiments=1, tells=tells)
    made = Campaign.create(repositories, load_campaign(path), mode=Mode.REAL, actor="me")
    key, point = make_experiment_id(made.record.id, 1), {"dose": 7.0}
    job = ExperimentJob(experiment_id=key, number=1, round_index=None, point=point)
    state = ExperimentState.PLANNED
    row = planned_record(job, made.record, origin=Origin.MANUAL, actor="me", state=state)
    repositories.experiments.add(row).result()
    repositories.experiments.move(key, ExperimentState.RUNNING, actor="me", lab_time=0.0).result()
    intent = Intent(
        id=f"{key}-a001",
        campaign_id=made.record.id,
        experiment_id=key,
        device="doser",
        name="put",
        arguments={"dose": {"value": 7.0, "unit": "mL"}},
    )
    repositories.journal.intent(intent).result()
    if did:
        told = f"PUT 7 {intent.id}.{mark_of(made.record)}\n"
        (place / "truth.txt").write_text(told, encoding="ascii")
    return Campaign.resume(repositories, "kills", mode=Mode.REAL, actor="me"), intent.id


@pytest.mark.parametrize(
    ("did", "state"), [(True, ActionState.DONE), (False, ActionState.NOT_SENT)]
)
def test_what_the_instrument_knows_nobody_is_asked(repositories, place, did, state):
    """The action has an end, the experiment is abandoned as declared, and nothing is repeated."""
    campaign, action = cut_off(repositories, place, did=did)
    campaign.run()
    entry = repositories.journal.find(action)
    assert entry.state is state
    assert entry.outcome.detail == "told by doser itself, which was asked"
    assert campaign.notes[0] == f"doser.put ({action}): doser says {state.value}"
    assert "all that it did is known, so it is abandoned, as declared" in campaign.notes[1]
    first, second = repositories.experiments.all(campaign.record.id)
    assert first.state is ExperimentState.ABANDONED
    assert second.state is ExperimentState.DONE
    assert doser.carried_out(place)[("put", "7")] == did
    # It was asked and made safe before anything new was done.
    [safe, *_] = [
        e for e in repositories.journal.entries(campaign.record.id) if e.intent.name == "safe_state"
    ]
    assert safe.sequence < max(
        e.sequence for e in repositories.journal.entries(campaign.record.id, second.id)
    )


def test_what_became_uncertain_while_its_process_lived_is_asked_too(repositories, place):
    """The line was gone, not the process: what the instrument tells later settles it as well."""
    campaign, action = cut_off(repositories, place)
    lost = Outcome(intent_id=action, state=ActionState.UNCERTAIN, detail="no answer")
    repositories.journal.outcome(lost).result()
    row = repositories.experiments.all(campaign.record.id)[0]
    unsure = {"actor": "me", "reason": "no answer", "lab_time": 9.0}
    repositories.experiments.move(row.id, ExperimentState.UNCERTAIN, **unsure).result()
    campaign.run()
    first, second = repositories.experiments.all(campaign.record.id)
    assert first.state is ExperimentState.ABANDONED
    assert first.reason == (
        "no answer; what it did was told since, so it is abandoned, as declared"
    )
    assert second.state is ExperimentState.DONE
    assert doser.carried_out(place)[("put", "7")] == 1


def test_what_something_else_made_uncertain_stays_a_question(repositories, place):
    """All its actions have ended, and still somebody said that nobody knows: a person is asked."""
    campaign, action = cut_off(repositories, place)
    done = Outcome(intent_id=action, state=ActionState.DONE)
    repositories.journal.outcome(done).result()
    row = repositories.experiments.all(campaign.record.id)[0]
    unsure = {"actor": "me", "reason": "it smells", "lab_time": 9.0}
    repositories.experiments.move(row.id, ExperimentState.UNCERTAIN, **unsure).result()
    spec = load_campaign(place / "campaign.py").spec
    found = reconcile(repositories, campaign.record, spec, "me")
    assert found.state.uncertain == {row.id}
    assert found.notes == ()


def test_an_instrument_that_cannot_tell_leaves_the_question_to_a_person(repositories, place):
    """As before: the experiment is uncertain, and the campaign goes on with the others."""
    campaign, action = cut_off(repositories, place, tells=False)
    thread = threading.Thread(target=campaign.run)
    thread.start()
    try:
        for _ in range(1200):
            rows = repositories.experiments.all(campaign.record.id)
            entries = repositories.journal.entries(campaign.record.id)
            # Not before the lab is open and was made safe: then the question stands.
            if any((e.intent.name, e.state) == ("safe_state", ActionState.DONE) for e in entries):
                break
            thread.join(0.1)
        assert rows[0].state is ExperimentState.UNCERTAIN
        assert repositories.journal.find(action).state is ActionState.INTENT
    finally:
        campaign.stop("enough")
        thread.join(120)
