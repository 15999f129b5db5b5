"""Values are checked where they are built, and nobody can change them afterwards."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import DefinitionError, UnitError
from labloop.records import (
    EXPERIMENT_MOVES,
    Curve,
    CurveData,
    Dataset,
    ExperimentState,
    Measurement,
    Observation,
    Quality,
    Reading,
    Scalar,
    ScalarValue,
    content_hash,
)

NUMBERS = st.floats(-1e12, 1e12)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=20)
UNITS = st.sampled_from(["1", "min", "mAU"])


def curve(pairs, x_unit="min", y_unit="mAU"):
    return CurveData([p[0] for p in pairs], [p[1] for p in pairs], x_unit, y_unit)


@settings(deadline=None)
@given(PAIRS, UNITS, UNITS)
def test_a_curve_keeps_a_copy_that_cannot_change(pairs, x_unit, y_unit):
    """The curve is not touched by what happens to the arrays it was made from."""
    x = np.array([p[0] for p in pairs])
    y = np.array([p[1] for p in pairs])
    made = CurveData(x, y, x_unit, y_unit)
    assert made == curve(pairs, x_unit, y_unit)
    assert hash(made) == hash(curve(pairs, x_unit, y_unit))
    x += 1.0
    assert made == curve(pairs, x_unit, y_unit)
    assert made.x.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        made.y[:] = 0.0


def test_equal_curves_have_equal_hashes():
    """Minus zero is zero."""
    assert curve([(0.0, -0.0)]) == curve([(-0.0, 0.0)])
    assert hash(curve([(0.0, -0.0)])) == hash(curve([(-0.0, 0.0)]))
    assert curve([(1, 2)]) != curve([(1, 2)], y_unit="AU")
    assert curve([(1, 2)]) != "a curve"


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1.0, math.nan], [1.0, 2.0], "finite, got shape"),
        ([1.0, 2.0], [1.0, math.inf], "finite, got shape"),
        ([[1.0]], [[1.0]], "one-dimensional"),
        (1.0, 1.0, "one-dimensional"),
        ([1.0, 2.0], [1.0], "as many x as y"),
        (["a"], [1.0], "must be numbers"),
        ([[1.0], [1.0, 2.0]], [1.0], "must be numbers"),
    ],
)
def test_a_curve_that_cannot_be_stored_is_refused(x, y, words):
    """Not a number, of two dimensions or of unequal lengths."""
    with pytest.raises(DefinitionError, match=words):
        CurveData(x, y)


@settings(deadline=None)
@given(NUMBERS, st.sampled_from(Quality))
def test_a_reading_may_have_any_quality(value, quality):
    """A doubtful value is kept with its doubt."""
    assert Reading(value, "degC", 1.0, quality).value == value


@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_reading_is_nan(quality, value):
    """A broken sensor yields no number at all, never NaN."""
    with pytest.raises(DefinitionError, match=r"'bath\.t' must be finite"):
        Reading(value, "degC", 1.0, quality, "bath.t")


def test_a_good_reading_has_a_value():
    """None stands for no value, which cannot be good."""
    assert Reading(None, "degC", 1.0, Quality.INVALID).value is None
    with pytest.raises(DefinitionError, match="quality ok has no value"):
        Reading(None, "degC", 1.0)


def test_scalars_are_finite():
    """A number, its unit and what is known of its error."""
    assert ScalarValue(np.float32(0.5), "1", 0.1).value == 0.5
    assert type(ScalarValue(3).value) is float
    with pytest.raises(DefinitionError, match="must be finite"):
        ScalarValue(math.nan)
    with pytest.raises(DefinitionError, match="cannot be negative"):
        ScalarValue(1.0, "1", -0.1)
    with pytest.raises(DefinitionError, match="must be a number, got '5'"):
        ScalarValue("5")
    with pytest.raises(DefinitionError, match="must be a number, got None"):
        ScalarValue(None)


def test_outputs_are_declared_with_known_units():
    """A misspelt unit of an output is found when the campaign is written."""
    assert Scalar("product_yield").unit == "1"
    with pytest.raises(UnitError, match=r"output 'y': .*did you mean 'mL'"):
        Scalar("y", unit="ML")
    with pytest.raises(UnitError, match=r"output 'c': .*did you mean 'min'"):
        Curve("c", x="minutes")
    with pytest.raises(DefinitionError, match="needs a name"):
        Scalar(" ")


def test_a_measurement_is_read_only():
    """Raw data is stored as it is."""
    raw = {"yield": ScalarValue(0.5)}
    measurement = Measurement(raw)
    raw["yield"] = ScalarValue(0.9)
    assert measurement.raw["yield"].value == 0.5
    with pytest.raises(TypeError, match="does not support item assignment"):
        measurement.raw["yield"] = ScalarValue(0.9)


OBSERVATIONS = st.builds(
    Observation,
    experiment_id=st.text("abc-123", min_size=1, max_size=6),
    point=st.fixed_dictionaries({"t": NUMBERS, "n": st.integers(0, 9), "s": st.sampled_from("xy")}),
    outputs=st.fixed_dictionaries({"y": NUMBERS}),
    sd=st.just({}) | st.fixed_dictionaries({"y": st.floats(0, 1)}),
    curves=st.just({}) | st.fixed_dictionaries({"c": PAIRS.map(curve)}),
    failed=st.booleans(),
)


@settings(deadline=None)
@given(st.lists(OBSERVATIONS, max_size=6))
def test_the_fingerprint_is_of_the_content(observations):
    """The same observations have the same fingerprint, however they were put together."""
    data = Dataset(tuple(observations))
    copies = [
        Observation(
            o.experiment_id, dict(o.point), dict(o.outputs), dict(o.sd), dict(o.curves), o.failed
        )
        for o in observations
    ]
    assert Dataset(copies).fingerprint() == data.fingerprint()
    assert isinstance(Dataset(copies).observations, tuple)
    assert len(data.done) == sum(not o.failed for o in observations)
    if observations:
        assert Dataset(data.observations[:-1]).fingerprint() != data.fingerprint()


BASE = {
    "experiment_id": "e1",
    "point": {"t": 1.0},
    "outputs": {"y": 2.0},
    "sd": {"y": 0.1},
    "curves": {"c": CurveData([1.0], [2.0], "min", "mAU")},
    "failed": False,
}


@pytest.mark.parametrize(
    "change",
    [
        {"experiment_id": "e2"},
        {"point": {"t": 1.5}},
        {"point": {"u": 1.0}},
        {"outputs": {"y": 2.5}},
        {"outputs": {"z": 2.0}},
        {"sd": {}},
        {"curves": {"c": CurveData([1.0], [2.5], "min", "mAU")}},
        {"curves": {"c": CurveData([1.0], [2.0], "s", "mAU")}},
        {"curves": {}},
        {"failed": True},
    ],
)
def test_every_change_of_content_changes_the_fingerprint(change):
    """A model state can be tied to exactly the data that it was fitted to."""
    one = Dataset((Observation(**BASE),)).fingerprint()
    assert Dataset((Observation(**(BASE | change)),)).fingerprint() != one


def test_the_order_of_completion_counts_and_the_type_of_a_number_does_not():
    """An output of 1 that comes back from a database as 1.0 is the same observation."""
    first, second = Observation("a", {"t": 1.0}), Observation("b", {"t": 1.0})
    assert Dataset((first, second)).fingerprint() != Dataset((second, first)).fingerprint()
    whole = Observation("a", {"t": 1.0}, {"y": 1}, {"y": 0})
    assert whole.digest == Observation("a", {"t": 1.0}, {"y": 1.0}, {"y": 0.0}).digest
    assert whole.digest == Observation("a", {"t": 1.0}, {"y": np.float32(1)}, {"y": 0.0}).digest


def test_the_fingerprint_is_pinned():
    """Rounds in databases carry it."""
    data = Dataset((Observation("e1", {"t": 1.0}, {"y": 2.0}),))
    assert data.fingerprint() == (
        "b7edeba33b3ad0646f5c3e5d8f946f1d887700df1210451a83b0de73e4323a5d"
    )


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(0, 200)), max_size=5)
)
def test_a_spliced_dataset_has_the_fingerprint_of_its_content(splices):
    """However a dataset came about, its fingerprint is the content hash of all digests."""
    numbers, data = iter(range(1_000)), Dataset()
    for start, length, many in splices:
        new = [Observation(str(next(numbers)), {"t": 1.0}) for _ in range(many)]
        expected = list(data.observations)
        expected[start : start + length] = new
        data = data.spliced(start, start + length, new)
        assert list(data.observations) == expected
        assert data.fingerprint() == content_hash([one.digest for one in expected])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"outputs": {"y": math.nan}}, "output 'y' of experiment e1 must be finite"),
        ({"sd": {"y": math.inf}}, "the sd of 'y' of experiment e1 must be finite"),
        ({"sd": {"y": -0.1}}, "cannot be negative"),
        ({"point": {"t": math.nan}}, "only finite numbers"),
    ],
)
def test_no_observation_carries_nan(fields, words):
    """The brain never sees a value that is none."""
    with pytest.raises(DefinitionError, match=words):
        Observation(**(BASE | fields))


def test_ended_experiments_do_not_move():
    """The table of moves covers every state, and no end has a way out."""
    assert set(EXPERIMENT_MOVES) == set(ExperimentState)
    ends = {state for state, moves in EXPERIMENT_MOVES.items() if not moves}
    assert ends == {ExperimentState.DONE, ExperimentState.FAILED, ExperimentState.ABANDONED}
    assert all(state not in moves for state, moves in EXPERIMENT_MOVES.items())
