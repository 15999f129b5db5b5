"""Canonical JSON, content hashes, and the formulas for seeds and ids that are made of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from labloop.errors import DefinitionError

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def canonical_json(value: Json) -> str:
    """Return the canonical JSON text of ``value``: sorted keys, no blanks, no NaN.

    Raises:
        DefinitionError: a number is NaN or infinite, a key is no text, a text cannot be
            written as UTF-8, or something is no JSON at all.
    """
    try:
        text = json.dumps(
            _plain(value),
            sort_keys=True,
            separators=(",", ":"),
            allow_nan=False,
            ensure_ascii=False,
        )
        text.encode()
    except (TypeError, ValueError) as error:
        raise DefinitionError(
            f"only finite numbers, texts, lists and mappings can be kept as JSON: {error}"
        ) from error
    return text


def _plain(value: Json) -> Json:
    """Return ``value`` in dicts and lists; read-only mappings are not known to ``json``."""
    # The most frequent kinds first: asking whether a text is a mapping takes longer than all else.
    if isinstance(value, (str, float, int)):
        return value
    if isinstance(value, Mapping):
        odd = [key for key in value if not isinstance(key, str)]
        if odd:
            # json writes the keys 1 and "1" alike.
            raise TypeError(f"the key {odd[0]!r} is no text")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def content_hash(value: Json) -> str:
    """Return the sha256 (hex) of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def derive_seed(campaign_id: str, round_index: int, attempt: int = 0) -> int:
    """Return the seed of a round: the first 63 bits of the sha256 of its three arguments.

    ``hash()`` would differ from process to process. ``attempt`` counts how often the round was
    asked anew.
    """
    text = canonical_json([campaign_id, round_index, attempt])
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def make_campaign_id(name: str, mode: str, seed: int, generation: int = 0) -> str:
    """Return a campaign's id, 16 hex digits that depend on what a person chose alone.

    The same name, mode, seed and generation (the number of times ``--new`` was given) give the
    same id, and with it the same seeds of all rounds.
    """
    return content_hash([name, mode, seed, generation])[:16]


def make_experiment_id(campaign_id: str, number: int) -> str:
    """Return the id of a campaign's ``number``-th experiment (1, 2, ...)."""
    return f"{campaign_id}-{number:04d}"


def experiment_number(experiment_id: str) -> int:
    """Return which experiment of its campaign has an id of :func:`make_experiment_id`."""
    return int(experiment_id.rpartition("-")[2])
