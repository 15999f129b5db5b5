"""Values survive their way into a column and back."""

from hypothesis import given
from hypothesis import strategies as st

from labloop.store.schema.encode import dump, load, pack, unpack

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
big = st.integers(-(2**63), 2**63 - 1)
jsons = st.recursive(
    st.none() | st.booleans() | big | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(jsons)
def test_json(value):
    """JSON goes through text unchanged."""
    assert load(dump(value, "a value")) == value


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_frames(frames):
    """Frames go through one string of bytes unchanged."""
    assert unpack(pack(frames)) == tuple(frames)
