"""Whatever is stored comes back equal: a property of every record."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.records import (
    ActionState,
    Alarm,
    CampaignState,
    Command,
    CommandKind,
    CurveData,
    DeviceIdentity,
    ExperimentState,
    Intent,
    Measurement,
    ModelState,
    Origin,
    Outcome,
    Prediction,
    Proposal,
    RoundRecord,
    ScalarValue,
    Severity,
)
from labloop.store import open_database
from labloop.store.engine import connect

QUICK = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = st.text("abcdefghij_äµ°", min_size=1, max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
big = st.integers(-(2**63), 2**63 - 1)
seeds = st.integers(0, 2**63 - 1)
times = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001 - hypothesis wants naive bounds
    lambda moment: moment.replace(tzinfo=UTC)
)
jsons = st.recursive(
    st.none() | st.booleans() | big | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, jsons, max_size=4)
points = st.dictionaries(names, numbers | big | texts, max_size=4)
scalars = st.builds(
    ScalarValue,
    numbers,
    texts,
    st.none() | st.floats(0, 1e300),
)
arrays = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4))
vectors = st.lists(numbers, max_size=20).map(np.array)
curves = st.builds(lambda y, x, u, v: CurveData(x + np.arange(len(y)), y, u, v), vectors,
                   st.floats(-10, 10), texts, texts)  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.pg)])
def shared(request):
    """One database of each dialect for all examples; its disk need not be safe."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(connect, "SYNCHRONOUS", "OFF")
        patch.setenv("LABLOOP_FILES", str(Path(folder) / "files"))
        url = str(Path(folder) / "lab.db")
        if request.param == "postgresql":
            import psycopg
            from sqlalchemy import make_url

            server = request.getfixturevalue("pg_server")
            plain = server.replace("+psycopg", "")
            with psycopg.connect(plain, autocommit=True) as connection:
                connection.execute("DROP SCHEMA IF EXISTS roundtrip CASCADE")
                connection.execute("CREATE SCHEMA roundtrip")
            made = make_url(server).update_query_dict({"options": "-csearch_path=roundtrip"})
            url = made.render_as_string(hide_password=False)
        with open_database(url) as database:
            database.campaigns.create(campaign(), bundle()).result()
            database.experiments.add(experiment()).result()
            yield database


counter = iter(range(10, 10**9))


@QUICK
@given(texts, texts, seeds, times, objects, st.dictionaries(names, st.binary(max_size=40)), texts)
def test_campaign(shared, name, words, seed, made, spec, files, version):
    """Campaigns and bundles."""
    number = next(counter)
    record = campaign(
        id=f"c{number}", name=name, generation=number, seed=seed, reason=words, actor=words,
        created=made, state=CampaignState.PAUSED,
    )  # fmt: skip
    kept = bundle(spec=spec, files=files, versions={"torch": version}, git_commit=words)
    shared.campaigns.create(record, kept).result()
    found = shared.campaigns.get(record.id)
    assert (found.name, found.seed, found.reason, found.created) == (name, seed, words, made)
    assert found.spec == spec
    assert shared.campaigns.bundle(record.id) == kept


@QUICK
@given(points, st.sampled_from(Origin), st.none() | numbers, texts, times, st.none() | times)
def test_experiment(shared, point, origin, lab_time, words, made, ended):
    """Experiments, whole numbers staying whole."""
    record = experiment(
        next(counter), point=point, origin=origin, lab_started=lab_time, lab_finished=lab_time,
        reason=words, actor=words, created=made, finished=ended, state=ExperimentState.DONE,
        round_index=3, proposal_index=1,
    )  # fmt: skip
    shared.experiments.add(record).result()
    found = shared.experiments.get(record.id)
    assert found == record
    assert [type(v) for v in found.point.values()] == [type(v) for v in point.values()]
    assert list(found.point) == list(point)


@QUICK
@given(st.dictionaries(names, scalars | curves | texts, max_size=4),
       st.dictionaries(names, scalars, max_size=3))  # fmt: skip
def test_measurement(shared, raw, actual):
    """Raw data, actual conditions and outputs."""
    record = experiment(next(counter), state=ExperimentState.RUNNING)
    shared.experiments.add(record)
    shared.experiments.save_raw(record.id, Measurement(raw, actual)).result()
    found = shared.experiments.raw(record.id)
    assert found == Measurement(raw, actual)
    assert list(found.raw) == list(raw)
    outputs = {name: value for name, value in raw.items() if not isinstance(value, str)}
    shared.experiments.complete(record.id, outputs, analysis="a", actor="b").result()
    assert shared.experiments.outputs(CAMPAIGN).get(record.id, {}) == outputs


@QUICK
@given(points, texts, st.none() | numbers, numbers, seeds, objects, st.dictionaries(names, arrays))
def test_round(shared, point, words, value, mean, seed, data, weights):
    """Rounds, proposals and model states, infinities in tensors included."""
    proposal = Proposal(
        point, "botorch", words, words, words, value, {"y": Prediction(mean, 0.5, -1.0, 1.0)}, seed
    )
    index = next(counter)
    record = RoundRecord(
        campaign_id=CAMPAIGN, index=index, seed=seed, data_hash=words, proposals=(proposal,),
        state=ModelState("gp", 2, data, weights), fit_report=data, seconds=0.5,
    )  # fmt: skip
    shared.rounds.commit(record, []).result()
    found = next(r for r in shared.rounds.all(CAMPAIGN) if r.index == index)
    assert found.proposals == (proposal,)
    assert (found.state.data, found.fit_report, found.seed) == (data, data, seed)
    assert list(found.state.arrays) == list(weights)
    for name, array in weights.items():
        assert found.state.arrays[name].shape == array.shape
        assert found.state.arrays[name].tobytes() == array.tobytes()


@QUICK
@given(texts, objects, jsons, st.lists(st.binary(max_size=9), max_size=4), numbers, st.booleans())
def test_journal(shared, words, arguments, result, frames, time, flag):
    """Intents and outcomes, bytes for bytes."""
    intent = Intent(
        id=f"i{next(counter)}", campaign_id=CAMPAIGN, experiment_id=None, device=words, name=words,
        kind="step", arguments=arguments, idempotent=flag, lab_time=time, actor=words,
    )  # fmt: skip
    outcome = Outcome(
        intent_id=intent.id, state=ActionState.UNCERTAIN, result=result, detail=words,
        sent=tuple(frames), received=tuple(frames), lab_time=time, actor=words,
    )  # fmt: skip
    shared.journal.intent(intent)
    shared.journal.outcome(outcome).result()
    found = shared.journal.open_intents(CAMPAIGN)[-1]
    assert (found.intent, found.outcome) == (intent, outcome)


@QUICK
@given(texts, objects, st.sampled_from(CommandKind), st.none() | seeds, st.sampled_from(Severity))
def test_the_rest(shared, words, data, kind, version, severity):
    """Commands, alarms and identities."""
    command = Command(
        campaign_id=CAMPAIGN, kind=kind, actor=words, arguments=data, expected_version=version
    )
    sequence = shared.commands.add(command).result()
    assert shared.commands.answer(sequence, False, words).result()
    found = shared.commands.all(CAMPAIGN)[-1]
    assert (found.kind, found.actor, found.arguments) == (kind, words, data)
    assert (found.expected_version, found.accepted, found.answer) == (version, False, words)
    shared.alarms.add(CAMPAIGN, Alarm(words, words, severity, data)).result()
    assert shared.alarms.all(CAMPAIGN)[-1].alarm == Alarm(words, words, severity, data)
    who = DeviceIdentity(device=words, model=words, serial_number=words, url=words)
    shared.journal.identity(CAMPAIGN, who).result()
    assert shared.journal.identities(CAMPAIGN)[-1] == who
