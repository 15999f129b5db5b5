"""The brain learns from the conditions that were reached, live and resumed alike."""

import pytest
from campaign_toys import PLANNER, create, write

from labloop.campaign import build_dataset, load_campaign
from labloop.campaign.execution.measurement import to_measurement
from labloop.campaign.progress.dataset import LiveDataset
from labloop.errors import NoResultError
from labloop.objectives import Maximize, Objectives
from labloop.records import ExperimentState, Observation, ScalarValue
from labloop.units import quantity

UNITS = {"level": "mL", "grade": "1"}


def returning(folder, actual):
    """Write the toy campaign with a procedure that tells what was reached."""
    path = write(folder, "budget=Budget(experiments=4)")
    text = path.read_text()
    told = f'{{"shown": await lab.box.show(), "actual": {{"level": {actual}}}}}'
    path.write_text(text.replace('{"shown": await lab.box.show()}', told))
    return path


@pytest.mark.parametrize(
    ("actual", "reached"),
    [
        ('quantity(x.numbers["level"] / 2 + 0.1, "mL")', lambda asked: asked / 2 + 0.1),
        ('quantity(1e-3 * x.numbers["level"] + 1e-4, "L")', lambda asked: asked + 0.1),
        ('x.numbers["level"] + 0.25', lambda asked: asked + 0.25),
        ('quantity(x.numbers["level"] + 8.5, "mL")', lambda asked: asked + 8.5),
    ],
)
def test_what_was_reached_is_learned_from(repositories, tmp_path, actual, reached):
    """In its unit or another one, bare or beyond the bounds; the asked point stays beside it."""
    made = create(repositories, returning(tmp_path, actual))
    PLANNER.heard.clear()
    made.run()
    data = build_dataset(repositories, made.record.id, made.definition.spec.space)
    assert len(data.done) == 4
    for seen in data.observations:
        asked = repositories.experiments.get(seen.experiment_id).point["level"]
        assert seen.point["level"] == pytest.approx(reached(asked), rel=1e-9)
        assert seen.asked == {"level": asked}
    # The last round of the live campaign knew what its rows say now.
    known = type(data)(data.observations[:-1])
    assert PLANNER.heard[-1][0] == known.fingerprint()


def test_what_was_reached_far_away_teaches_nothing(repositories, tmp_path):
    """It is kept and its outputs too; the brain is not told of a place that it cannot judge."""
    made = create(repositories, returning(tmp_path, 'quantity(500, "mL")'))
    PLANNER.heard.clear()
    assert made.run().reason == "the budget of 4 experiments is used up"
    data = build_dataset(repositories, made.record.id, made.definition.spec.space)
    assert len(data) == 0
    assert PLANNER.heard[-1][0] == data.fingerprint()
    assert len(repositories.experiments.outputs(made.record.id)) == 4


def test_another_dimension_is_no_condition(repositories, tmp_path):
    """A procedure that tells a level in degrees fails at once, in a sentence."""
    made = create(repositories, returning(tmp_path, 'quantity(20, "degC")'))
    made.run()
    rows = repositories.experiments.all(made.record.id)
    assert {row.state for row in rows} == {ExperimentState.FAILED}
    assert "tells 'level' in 'degC', and the parameter is in 'mL'" in rows[0].reason


def test_a_reached_category_is_kept_as_a_text():
    """The arm took another bottle: that is a condition as well."""
    made = to_measurement({"y": 1.0, "actual": {"grade": "fine", "level": 2.0}}, UNITS)
    assert made.actual == {"grade": "fine", "level": ScalarValue(2.0, "mL")}
    with pytest.raises(NoResultError, match="same dimension"):
        to_measurement({"y": 1.0, "actual": {"level": quantity(2, "s")}}, UNITS)


def test_a_rule_counts_results_that_have_every_aim():
    """A result that lacks an output is none for a stop rule, and no error either."""
    measured = LiveDataset(Objectives.of(Maximize("y")))
    measured.numbers = {"a": 1, "b": 2}
    measured.add(Observation("a", {"x": 1.0}, {"z": 3.0}), Observation("b", {"x": 2.0}, {"y": 2.0}))
    assert measured.scores() == [2.0]
    assert measured.best.experiment_id == "b"


def test_a_narrowed_space_learns_from_all_results(repositories, tmp_path):
    """What lies far outside of it was asked for once, so it teaches as before."""
    made = create(repositories, write(tmp_path, "budget=Budget(experiments=3)"))
    made.run()
    narrow = (tmp_path / "campaign.py").read_text().replace('"level", 0, 8', '"level", 0, 0.25')
    (tmp_path / "campaign.py").write_text(narrow)
    space = load_campaign(tmp_path / "campaign.py").spec.space
    data = build_dataset(repositories, made.record.id, space)
    levels = [row.point["level"] for row in repositories.experiments.all(made.record.id)]
    assert levels == [0.0, 0.5, 1.0]
    assert [o.point["level"] for o in data.observations] == levels
