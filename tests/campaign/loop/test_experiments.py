"""The loop knows of each experiment when it began, what it measured and what it cost."""

import pytest
from campaign_toys import create, write

from labloop.campaign.execution import planned_record
from labloop.campaign.loop.experiments import RunExperiments
from labloop.records import (
    ExperimentJob,
    ExperimentResult,
    ExperimentState,
    Measurement,
    Origin,
    ScalarValue,
    make_experiment_id,
)

OPTIONS = "budget=Budget(experiments=4), cost=lambda point: 2 * point['level'], stop=[Reached(3)]"


@pytest.fixture
def campaign(repositories, tmp_path):
    """Return a campaign whose experiments cost twice their level, and stop at 3."""
    path = write(tmp_path, OPTIONS)
    path.write_text(path.read_text().replace("Maximize, ", "Maximize, Reached, "))
    return create(repositories, path)


@pytest.fixture
def started(repositories, campaign):
    """Return two running experiments, started at 10 s and 20 s."""
    spec, record = campaign.definition.spec, campaign.record
    experiments = RunExperiments(spec, record, repositories, "me")
    for number, level in enumerate((1.0, 4.0), start=1):
        job = ExperimentJob(
            experiment_id=make_experiment_id(record.id, number),
            number=number,
            round_index=None,
            point={"level": level},
        )
        row = planned_record(job, record, origin=Origin.MANUAL, actor="me")
        repositories.experiments.add(row).result()
        repositories.experiments.move(
            job.experiment_id, ExperimentState.RUNNING, actor="me", lab_time=10.0 * number
        ).result()
        experiments.start([job], 10.0 * number)
    return experiments


def done(campaign, number, shown, began, ended):
    """Return the result of an experiment that measured ``shown``."""
    return ExperimentResult(
        experiment_id=make_experiment_id(campaign.record.id, number),
        state=ExperimentState.DONE,
        measurement=Measurement({"shown": ScalarValue(shown)}),
        lab_started=began,
        lab_finished=ended,
    )


def test_lab_time_counts_what_still_runs_once(started, campaign):
    """Experiments that overlap share their time, live as in the budget."""
    assert started.lab_seconds(25.0) == 15.0
    started.finish(done(campaign, 1, 2.0, 10.0, 22.0))
    assert started.lab_seconds(25.0) == 15.0


def test_an_end_is_stored_with_cost_and_met_rules(started, campaign, repositories):
    """What the machine hears holds hours and cost; a stop rule speaks where it is met."""
    ended, rules = started.finish(done(campaign, 1, 2.0, 10.0, 22.0))
    assert (ended.state, ended.cost, rules) == (ExperimentState.DONE, 2.0, ())
    assert ended.lab_hours == pytest.approx(12 / 3600)
    ended, rules = started.finish(done(campaign, 2, 3.5, 20.0, 30.0))
    assert ended.cost == 8.0
    assert rules == ("the aim of 3 was reached (3.5)",)
    rows = repositories.experiments.all(campaign.record.id)
    assert {row.state for row in rows} == {ExperimentState.DONE}
    assert started.dataset.best.outputs == {"shown": 3.5}


def test_what_was_measured_before_is_read_again(started, campaign, repositories):
    """A process that goes on knows points, results and lab time of the one before."""
    started.finish(done(campaign, 1, 2.0, 10.0, 22.0))
    again = RunExperiments(campaign.definition.spec, campaign.record, repositories, "me")
    again.load()
    key = make_experiment_id(campaign.record.id, 1)
    assert again.points([key]) == ({"level": 1.0},)
    assert again.dataset.best.experiment_id == key
    assert again.lab_seconds(0.0) == 12.0
