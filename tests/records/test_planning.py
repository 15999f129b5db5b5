"""Observations and datasets: finite, read-only, and told apart by their hashes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import DefinitionError
from labloop.records import (
    CurveData,
    Dataset,
    Observation,
    content_hash,
)
from labloop.records import _planning as planning

NUMBERS = st.floats(-1e12, 1e12)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=20)


def curve(pairs, x_unit="min", y_unit="mAU"):
    return CurveData([p[0] for p in pairs], [p[1] for p in pairs], x_unit, y_unit)


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


def test_a_fingerprint_costs_the_same_after_ten_thousand(monkeypatch):
    """After each experiment only what is new since the last full block is hashed."""
    hashed = []

    def listed(observations, *, first):
        hashed.append(len(observations))
        return plain(observations, first=first)

    plain = planning._listed
    monkeypatch.setattr(planning, "_listed", listed)
    many = [Observation(str(i), {"t": 1.0}) for i in range(10_000)]
    data = Dataset().spliced(0, 0, many)
    data.fingerprint()
    for number in range(200):
        hashed.clear()
        data = data.spliced(len(data), len(data), [Observation(f"new {number}", {"t": 1.0})])
        data.fingerprint()
        assert sum(hashed) <= 2 * planning._BLOCK
