"""One text for one value, one hash, one seed: on every machine and in every order."""

import hashlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import DefinitionError
from labloop.records import (
    canonical_json,
    content_hash,
    derive_seed,
    freeze,
    make_campaign_id,
    make_experiment_id,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(PLAIN)
def test_the_text_is_json_and_tells_the_value_back(value):
    """Nothing is lost, and writing the value that was read gives the same text."""
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text
    assert content_hash(value) == hashlib.sha256(text.encode()).hexdigest()


@settings(deadline=None)
@given(st.dictionaries(TEXTS, PLAIN, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value, rng):
    """The same mapping has one text, read-only or not."""
    keys = list(value)
    rng.shuffle(keys)
    assert canonical_json({key: value[key] for key in keys}) == canonical_json(value)
    assert canonical_json(freeze(value)) == canonical_json(value)


def test_the_text_has_no_blanks():
    """The exact form is pinned, since hashes in databases rest on it."""
    assert canonical_json({"b": [1, 1.0, None], "a": "µ\n"}) == '{"a":"µ\\n","b":[1,1.0,null]}'
    assert canonical_json(("x", {"y": (1,)})) == '["x",{"y":[1]}]'


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        [math.inf],
        {"a": -math.inf},
        {1: "a", "1": "b"},
        {None: 1},
        {"a": object()},
        {"a": {1, 2}},
        "\ud800",
        b"bytes",
    ],
)
def test_what_is_no_json_is_refused(value):
    """NaN, keys that would collide, and foreign objects never reach a hash."""
    with pytest.raises(DefinitionError, match="can be kept as JSON"):
        canonical_json(value)


def test_seeds_and_ids_never_change():
    """Pinned: another value would change the proposals of every campaign there is."""
    assert derive_seed("c0ffee", 3, 1) == 6789314012193295538
    assert make_campaign_id("snar", "simulated", 0) == "96d2622174c72559"
    assert make_experiment_id("96d2622174c72559", 7) == "96d2622174c72559-0007"


@settings(deadline=None)
@given(TEXTS, st.integers(0, 10_000), st.integers(0, 50))
def test_a_seed_is_63_bits_and_depends_on_everything(campaign, index, attempt):
    """Seeds fit a signed 64-bit column, and no two questions share one."""
    seed = derive_seed(campaign, index, attempt)
    assert 0 <= seed < 2**63
    others = {
        derive_seed(campaign, index + 1, attempt),
        derive_seed(campaign, index, attempt + 1),
        derive_seed(campaign + "x", index, attempt),
    }
    assert seed not in others
    assert len(others) == 3


def test_a_campaigns_id_depends_on_what_a_person_chose():
    """Name, mode, seed and generation each make another campaign."""
    ids = {
        make_campaign_id("a", "simulated", 0),
        make_campaign_id("b", "simulated", 0),
        make_campaign_id("a", "real", 0),
        make_campaign_id("a", "simulated", 1),
        make_campaign_id("a", "simulated", 0, generation=1),
    }
    assert len(ids) == 5
