"""The report on a physics: learned parameters, and how they seem to vary, as plain JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.records import Json, PointValue
from labloop.space import places
from labloop.surrogates._base import FittedSurrogate, TrainingData
from labloop.surrogates.members import VaryingPosterior
from labloop.surrogates.posteriors import PhysicsGPModel, PhysicsPosterior
from labloop.surrogates.solving import Channels

_QUANTILE = 1.6448536269514722
_COMPARED = 40
"""Experiments whose inputs are exchanged to tell which input a variation follows."""


@dataclass(frozen=True, slots=True)
class CandidatePhysics:
    """One of the competing physics models, with the members that it gave."""

    channels: Channels
    members: Sequence[FittedSurrogate]
    hybrids: Sequence[FittedSurrogate] = ()
    """The hybrid. It has a weight, but reports no parameters: its networks change them."""

    @property
    def name(self) -> str:
        """The name of the physics model."""
        return self.channels.bound.model.name

    def weight(self, share: Mapping[str, float]) -> float:
        """Return the weight of all members, by the weights of each."""
        return sum(share[m.name] for m in (*self.members, *self.hybrids))

    def posteriors(self, share: Mapping[str, float]) -> Sequence[PhysicsPosterior]:
        """Return the posteriors of the member of greatest weight."""
        return _posteriors(max(self.members, key=lambda m: share[m.name]))

    @property
    def varying(self) -> VaryingPosterior | None:
        """The posterior of varying parameters, where it was fitted."""
        every = [posterior for member in self.members for posterior in _posteriors(member)]
        return next(
            (posterior for posterior in every if isinstance(posterior, VaryingPosterior)), None
        )

    def constant_posteriors(self, share: Mapping[str, float]) -> Sequence[PhysicsPosterior]:
        """Return those of the member of greatest weight whose parameters are constant."""
        return _posteriors(
            max((m for m in self.members if not is_varying(m)), key=lambda m: share[m.name])
        )


def _posteriors(member: FittedSurrogate) -> Sequence[PhysicsPosterior]:
    model = member.model
    return model.posteriors if isinstance(model, PhysicsGPModel) else ()


def is_varying(member: FittedSurrogate) -> bool:
    """Return whether the physics' parameters vary over the space in this member."""
    return any(isinstance(posterior, VaryingPosterior) for posterior in _posteriors(member))


def learned_parameters(candidate: CandidatePhysics, share: Mapping[str, float]) -> list[Json]:
    """Return for every parameter its value, sd and 90 % interval in its unit, and the prior's.

    Of several posteriors (a fit for each output) the one of least variance is reported.
    """
    posterior = min(candidate.posteriors(share), key=lambda b: float(b.covariance.trace()))
    rows: list[Json] = []
    for i, parameter in enumerate(candidate.channels.bound.model.parameters):
        z, sd = (
            float(posterior.mean_parameters[i]),
            float(posterior.covariance[i, i].clamp_min(0.0).sqrt()),
        )
        natural = parameter.prior.natural
        rows.append(
            {
                "name": parameter.name,
                "unit": parameter.unit,
                "mean": natural(z),
                "sd": 0.5 * abs(natural(z + sd) - natural(z - sd)),
                "low": natural(z - _QUANTILE * sd),
                "high": natural(z + _QUANTILE * sd),
                "prior_low": natural(-_QUANTILE),
                "prior_high": natural(_QUANTILE),
                "prior_sds_off": z,
            }
        )
    return rows


@dataclass(frozen=True, slots=True)
class MissingTerm:
    """How a parameter of the physics seems to vary over the space.

    A true constant does not vary: where it seems to, the model lacks a term that acts through it.
    """

    parameter: str
    unit: str
    effect: float
    """Root mean square effect of the variation on the outputs, in their standard deviations."""
    along: str
    """The input that explains most of the variation."""
    along_unit: str
    share: float
    """The share of the variation that follows this input, from 0 to 1."""
    x: tuple[PointValue, ...]
    """Values of the input, through the best experiment."""
    value: tuple[float, ...]
    """The parameter there, in ``unit``."""

    def json(self) -> Json:
        """Return it for the report."""
        return {
            "parameter": self.parameter,
            "unit": self.unit,
            "effect": self.effect,
            "along": self.along,
            "along_unit": self.along_unit,
            "share": self.share,
            "x": list(self.x),
            "value": list(self.value),
        }


def missing_terms(candidate: CandidatePhysics, data: TrainingData) -> list[MissingTerm]:
    """Return how each parameter seems to vary over the space, the greatest effect first."""
    varying = candidate.varying
    if varying is None:
        return []
    with torch.no_grad():
        effects = varying.effect.tolist()
        shares = _shares_of_inputs(varying, data)
        return [
            _term(
                candidate, varying, data, j, effects[j], {g: float(s[j]) for g, s in shares.items()}
            )
            for j in sorted(range(len(effects)), key=lambda j: -effects[j])
        ]


def _term(
    candidate: CandidatePhysics,
    varying: VaryingPosterior,
    data: TrainingData,
    j: int,
    effect: float,
    shares: Mapping[str, float],
) -> MissingTerm:
    parameter = candidate.channels.bound.model.parameters[j]
    along = max(shares, key=lambda name: shares[name])
    declared = next(p for p in data.space.parameters if p.name == along)
    best = data.space.decode(data.encoded[int(data.scores[:, 0].argmax())][None].numpy())[0]
    values = tuple(places(declared))
    rows = data.space.encode([{**best, along: value} for value in values])
    z = varying.z[j] + varying.varied(torch.as_tensor(rows, dtype=torch.float64))[:, j]
    return MissingTerm(
        parameter=parameter.name,
        unit=parameter.unit,
        effect=effect,
        along=along,
        along_unit=str(getattr(declared, "unit", "1")),
        share=shares[along],
        x=values,
        value=tuple(parameter.prior.natural(float(v)) for v in z),
    )


def _shares_of_inputs(varying: VaryingPosterior, data: TrainingData) -> dict[str, Tensor]:
    """Return input -> share of each parameter's variation that follows it, ``p``.

    By permutation: the input's value in every experiment is exchanged for those of all others.
    """
    x = data.encoded[-_COMPARED:]
    columns: dict[str, list[int]] = {}
    for feature in data.features:
        columns.setdefault(feature.parameter, []).append(feature.column)
    spread = {}
    for name, mine in columns.items():
        mixed = x.unsqueeze(1).repeat(1, len(x), 1)
        mixed[:, :, mine] = x[:, mine].unsqueeze(0)
        varied = varying.varied(mixed.flatten(0, 1)).view(len(x), len(x), -1)
        spread[name] = varied.var(1, unbiased=False).mean(0)
    total = sum(spread.values(), torch.zeros(())).clamp_min(1e-300)
    return {name: value / total for name, value in spread.items()}
