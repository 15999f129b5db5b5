"""What was learned of the physics, and doubts about it, in a chemist's words."""

from collections.abc import Sequence

from labloop.physics import PhysicsModel
from labloop.records import Alarm, Json, Severity
from labloop.surrogates._delta import SolvedBlock

_QUANTILE = 1.6448536269514722
_PINNED = 2.5
_EARLY = range(6, 13)
_BELIEVED = 0.5


def learned(model: PhysicsModel, blocks: Sequence[SolvedBlock]) -> list[Json]:
    """Return for every parameter its value, sd and 90 % interval in its unit, and the prior's.

    Of several blocks (outputs learned one by one) the first one is told.
    """
    block = blocks[0]
    rows: list[Json] = []
    for i, parameter in enumerate(model.parameters):
        z, sd = float(block.z[i]), float(block.covariance[i, i].sqrt())
        natural = parameter.prior.natural
        low, high = natural(z - _QUANTILE * sd), natural(z + _QUANTILE * sd)
        rows.append(
            {
                "name": parameter.name,
                "unit": parameter.unit,
                "mean": natural(z),
                "sd": 0.5 * abs(natural(z + sd) - natural(z - sd)),
                "low": low,
                "high": high,
                "prior_low": natural(-_QUANTILE),
                "prior_high": natural(_QUANTILE),
                "prior_sds_off": z,
            }
        )
    return rows


def failure_alarm(reason: str) -> Alarm:
    """Return the alarm of physics that could not be evaluated in this round."""
    return Alarm(
        kind="physics-failed",
        message=f"{reason}; this round went on without physics",
        severity=Severity.WARNING,
    )


def pinned_alarms(model: PhysicsModel, blocks: Sequence[SolvedBlock]) -> list[Alarm]:
    """Return an alarm for every parameter that was learned far from what was believed."""
    alarms = []
    for i, parameter in enumerate(model.parameters):
        z = max((float(block.z[i]) for block in blocks), key=abs)
        if abs(z) > _PINNED:
            side = "above" if z > 0 else "below"
            value, prior = parameter.prior.natural(z), parameter.prior.median
            alarms.append(
                Alarm(
                    kind="physics-parameter",
                    message=(
                        f"physics {model.name!r}: {parameter.name} comes out as {value:.3g} "
                        f"{parameter.unit}, {abs(z):.1f} prior standard deviations {side} the "
                        f"expected {prior:.3g}; either that prior is too narrow, or the model "
                        f"is missing something that acts through {parameter.name}"
                    ),
                    data={"parameter": parameter.name, "prior_sds_off": z},
                )
            )
    return alarms


def early_alarms(name: str, experiments: int, weight: float) -> list[Alarm]:
    """Return an alarm where the physics explains early experiments worse than no physics.

    Later the weights blur, because a process with many experiments needs no physics.
    """
    if experiments not in _EARLY or weight >= _BELIEVED:
        return []
    return [
        Alarm(
            kind="physics-wrong",
            message=(
                f"after {experiments} experiments physics {name!r} predicts a left-out "
                f"experiment worse than a model without physics (weight {weight:.2f}); check "
                "its reactions, its priors and what was fed"
            ),
            data={"weight": weight, "experiments": experiments},
        )
    ]
