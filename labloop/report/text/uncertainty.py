"""Where the uncertainty of a proposal comes from, in words."""

from collections.abc import Mapping

from labloop.records import Json
from labloop.report.data import (
    UncertaintyParts,
    model_weights,
    uncertainty_parts,
)

_MOST = 0.5


_SOURCES = {
    "noise": "noise: a repeat would differ as much",
    "parameters": "what is not known of the constants",
    "discrepancy": "what the physics may miss here",
    "between": "that the models disagree: this experiment will tell which is right",
}


_WITHOUT_PHYSICS = {"discrepancy": "what the results so far leave open here"}


_SHORT = {
    "noise": "noise",
    "parameters": "the constants",
    "discrepancy": "what the physics misses",
    "between": "disagreement of the models",
}


def source_shares(parts: Mapping[str, UncertaintyParts]) -> dict[str, float]:
    """Return shares of the variance by where they come from, the mean over the outputs."""
    if not parts or not any(p.sd for p in parts.values()):
        return {}
    found = {n: sum(p.shares[n] for p in parts.values()) / len(parts) for n in _SOURCES}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def describe_sources(part_shares: Mapping[str, float], *, physics: bool) -> str:
    """Return where the uncertainty comes from, in words; empty where it is not known."""
    if not part_shares:
        return ""
    names = _SOURCES if physics else _SOURCES | _WITHOUT_PHYSICS
    short = _SHORT if physics else _SHORT | {"discrepancy": "what the results leave open"}
    (first, share), (second, _) = list(part_shares.items())[:2]
    if share >= _MOST:
        return f"most of the uncertainty is {names[first]}"
    return f"its uncertainty is mainly {short[first]} and {short[second]}"


def describe_uncertainty(report: Mapping[str, Json]) -> tuple[str, ...]:
    """Return for each proposal of a round where its uncertainty comes from, over all outputs."""
    physics = bool(model_weights(report, "physics"))
    return tuple(
        describe_sources(source_shares(p), physics=physics) for p in uncertainty_parts(report)
    )
