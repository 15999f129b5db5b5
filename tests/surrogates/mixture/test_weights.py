"""What counts in a mixture: left-out results of the objective first, then of all else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior, bind
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import GPFactory, MeasuredData, MixtureFactory
from labloop.surrogates.mixture.physics_members import fit_candidate
from labloop.surrogates.mixture.physics_report import CandidatePhysics, is_varying
from labloop.surrogates.mixture.weights import member_weights, surest_lead, weigh_members
from labloop.surrogates.solving.channels import Channels

SPACE = SearchSpace(Continuous("time", 0.1, 10, unit="s"), Continuous("heat", 0, 1))
PRIORS = {"k": Prior(0.5, "1/s", fold=3)}


def vessel(x, theta):
    """Return a product that appears only where it is hot, and what is left of the reactant."""
    pace = theta["k"] * torch.exp(2.0 * (x["heat"] - 0.5))
    left = torch.exp(-pace * x["time"])
    return {"y": (1.0 - left) * torch.sigmoid(80.0 * (x["heat"] - 0.9)), "left": left}


def turned(x, theta):
    """Return another mechanism: the reactant comes, and goes nowhere."""
    found = vessel(x, theta)
    return {"y": found["y"], "left": 1.0 - found["left"]}


def model(predict=vessel):
    """Return a physics of one constant that predicts two outputs."""
    inputs = {"time": "s", "heat": "1"}
    return FunctionPhysics(predict, PRIORS, inputs, ("y", "left"), name="vessel")


def cold(n=9, seed=0):
    """Return experiments that all were too cold: ``y`` is noise around nothing, ``left`` is not."""
    rng = np.random.default_rng(seed)
    encoded = torch.tensor(SPACE.encode(SPACE.sample(n, seed)))
    encoded[:, 1] *= 0.7
    found = bind(model(), SPACE).predict(encoded, torch.tensor([0.3], dtype=torch.float64))
    found = found + 0.01 * torch.tensor(rng.standard_normal(found.shape))
    return MeasuredData(
        encoded=encoded,
        outputs=found[:, :1],
        names=("y",),
        extra_names=("left",),
        extra_outputs=found[:, 1:],
        objective=Objectives.of(Maximize("y")),
        features=tuple(SPACE.features),
        space=SPACE,
        seed=seed,
    )


@pytest.mark.parametrize("seed", range(3))
def test_where_the_objective_tells_nothing_the_other_outputs_decide(seed):
    """No product yet: right physics is kept for what else it predicts, and nothing rings."""
    fitted = MixtureFactory(model()).fit(cold(seed=seed))
    assert fitted.report["weights"]["gp"] < 0.1
    assert "physics-wrong" not in [a.kind for a in fitted.alarms]


@pytest.mark.parametrize("seed", range(3))
def test_wrong_physics_finds_no_friend_among_the_other_outputs(seed):
    """Neither does the objective need it, nor does it predict what else was measured."""
    fitted = MixtureFactory(model(turned)).fit(cold(seed=seed))
    channels = Channels(bind(model(turned), SPACE), cold(seed=seed))
    members = fit_candidate(channels, cold(seed=seed))
    together = next(m for m in members if m.other_loo_log_density and not is_varying(m))
    right = fit_candidate(Channels(bind(model(), SPACE), cold(seed=seed)), cold(seed=seed))
    as_right = next(m for m in right if m.other_loo_log_density and not is_varying(m))
    assert (
        together.other_loo_log_density["left"].sum()
        < as_right.other_loo_log_density["left"].sum() - 5.0
    )
    assert not fitted.report["lead"]["proven"]


def test_other_outputs_are_asked_only_where_the_objective_rejects_the_physics():
    """Where the objective has decided, what else was measured changes no weight."""
    training = cold()
    channels = Channels(bind(model(), SPACE), training)
    candidate = CandidatePhysics(channels, fit_candidate(channels, training))
    plain = GPFactory().fit(training)
    told = weigh_members([plain, *candidate.members], [candidate], training)
    assert told.weights[0] < 0.1
    trusted = [plain, *(better(m, 2.0) for m in candidate.members)]
    found = weigh_members(trusted, [candidate], training)
    owed = np.array([4.0 if is_varying(m) else 0.0 for m in trusted])
    every = torch.stack([m.loo_log_density for m in trusted])
    assert found.weights == pytest.approx(member_weights(every, owed))
    assert found.evidence == pytest.approx(member_weights(every, 0.0 * owed))


def better(member, by):
    """Return a member whose every left-out result of the objective is told better."""
    return replace(member, loo_log_density=member.loo_log_density + by)


def test_only_constants_that_vary_owe_a_lead():
    """Of members that predict alike the FieldGP counts least, by the odds that are demanded."""
    training = cold()
    channels = Channels(bind(model(), SPACE), training)
    candidate = CandidatePhysics(channels, fit_candidate(channels, training))
    nothing = torch.zeros(len(training.outputs), dtype=torch.float64)
    alike = [
        replace(m, loo_log_density=nothing, other_loo_log_density={})
        for m in (GPFactory().fit(training), *candidate.members)
    ]
    found = weigh_members(alike, [CandidatePhysics(channels, alike[1:])], training)
    fields = [is_varying(m) for m in alike]
    assert fields == [False, False, False, True]
    assert np.log(found.weights[0] / found.weights) == pytest.approx([0.0, 0.0, 0.0, 4.0])
    assert found.evidence == pytest.approx([0.25] * 4)


def test_few_results_that_differ_prove_nothing():
    """The same lead is proven where every result adds to it, and not where one of them does."""
    every = torch.zeros(2, 6, dtype=torch.float64)
    once = every.clone()
    every[1] = 0.25
    once[1, 2] = 1.5
    free = np.zeros(2)
    sure, unsure = surest_lead(every, free), surest_lead(once, free)
    assert sure.total == pytest.approx(unsure.total) == pytest.approx(1.5)
    assert sure.error == pytest.approx(0.0)
    assert unsure.error == pytest.approx(1.5)
    assert sure.proven
    assert not unsure.proven


def test_what_a_member_owes_is_taken_off_its_lead():
    """A lead of three is none for a member of which four are demanded."""
    density = torch.zeros(3, 6, dtype=torch.float64)
    density[1:] = 0.5
    assert surest_lead(density, np.array([0.0, 4.0, 4.0])).total == pytest.approx(-1.0)
    assert surest_lead(density, np.array([0.0, 4.0, 0.0])).total == pytest.approx(3.0)


def test_a_member_that_gives_no_number_leads_nothing():
    """Where a physics fails at a left-out result it is not proven by the others."""
    density = torch.zeros(2, 6, dtype=torch.float64)
    density[1] = 5.0
    density[1, 0] = torch.nan
    assert not surest_lead(density, np.zeros(2)).proven


def test_one_result_proves_nothing_or_all():
    """Of a single result no error can be told; nothing fails."""
    density = torch.tensor([[0.0], [2.0]], dtype=torch.float64)
    assert surest_lead(density, np.zeros(2)).error == 0.0
