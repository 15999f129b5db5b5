"""The model-based strategies: what they choose, what they say, what may be exchanged."""

import numpy as np
import pytest
import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.acquisition.monte_carlo import qUpperConfidenceBound
from botorch.sampling.normal import SobolQMCNormalSampler

from labloop.brain import AutoStrategy, BotorchStrategy, Brain, LogNoisyEI
from labloop.brain.acquisition.noisy_improvement import log_improvement
from labloop.objectives import Maximize, Minimize, Objectives, Target
from labloop.records import Dataset, Observation
from labloop.space import (
    Categorical,
    Continuous,
    Integer,
    Linear,
    Mixture,
    Ordered,
    Pool,
    SearchSpace,
)
from labloop.surrogates import GPFactory, TrainingData

BOX = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 10, unit="mL"))


def hill(point):
    return -((point["a"] - 0.3) ** 2) - (point["b"] / 10 - 0.7) ** 2


def course(strategy, objective, rounds, *, space=BOX, f=hill, start=5, **extra):
    brain = Brain(space, objective, strategy, seed=3)
    for round_index in range(rounds):
        for number, proposal in brain.ask(start if round_index == 0 else 1):
            outputs = {"y": f(proposal.point)}
            outputs |= {name: g(proposal.point) for name, g in extra.items()}
            brain.tell(number, outputs)
    return brain


def test_a_hill_is_climbed():
    assert course("auto", Maximize("y"), 8).best().outputs["y"] > -1e-3


def test_a_valley_is_descended():
    brain = course("auto", Minimize("y"), 8, f=lambda p: -hill(p))
    assert brain.best().outputs["y"] < 2e-3


def test_a_target_is_met():
    brain = course("auto", Target("y", -0.2, 0.01), 8)
    assert abs(brain.best().outputs["y"] + 0.2) < 0.02


def test_two_aims_spread_along_the_front():
    brain = course(
        "auto", [Maximize("y"), Maximize("z")], 8, z=lambda p: -((p["a"] - 0.8) ** 2) - 0.1
    )
    front = brain.objective.pareto(brain.data)
    assert len(front) >= 3
    assert brain.last.proposals[0].acquisition == "LogNoisyEHVI"


@pytest.mark.parametrize(
    "space",
    [
        SearchSpace(Continuous("a", 0, 1), Integer("b", 0, 10)),
        SearchSpace(Ordered("a", [0.1, 0.3, 0.5, 0.9]), Integer("b", 0, 10)),
        SearchSpace(
            Continuous("a", 0, 1), Continuous("b", 0, 10), Linear({"a": 10.0, "b": 1.0}, "<=", 9.0)
        ),
    ],
    ids=["mixed", "product", "constraint"],
)
def test_every_kind_of_space_is_searched_well(space):
    brain = course("auto", Maximize("y"), 12, space=space)
    listed = space.candidates()
    every = space.sample(300, seed=1) if listed is None else map(listed.point, range(len(listed)))
    best = max(map(hill, every))
    assert brain.best().outputs["y"] >= best - 0.01


def test_a_mixture_is_searched_well():
    space = SearchSpace(Mixture({"p": (0, 1), "q": (0, 1), "r": (0, 1)}))
    wanted = {"p": 0.2, "q": 0.5, "r": 0.3}
    brain = course(
        "auto",
        Maximize("y"),
        10,
        space=space,
        f=lambda p: -sum((p[name] - wanted[name]) ** 2 for name in wanted),
    )
    assert brain.best().outputs["y"] > -5e-3


def test_a_proposal_tells_its_reason_and_what_it_expects():
    brain = course("auto", Maximize("y"), 5)
    ((_, proposal),) = brain.ask()
    assert proposal.strategy == "auto"
    assert "; chosen by auto for a box of numbers: " in proposal.reason
    assert proposal.reason.startswith("to ")
    assert (proposal.model, proposal.acquisition) == ("gp", "LogNoisyEI")
    assert np.isfinite(proposal.acquisition_value)
    expected = proposal.predicted["y"]
    assert expected.low < expected.mean < expected.high
    assert expected.high - expected.low == pytest.approx(2 * 1.6448536 * expected.sd)
    assert brain.last.fit_report["model_best"]["experiment_id"].startswith(brain.campaign_id)
    assert brain.last.state.kind == "gp"


def test_predictions_cover_what_is_measured():
    brain = course("botorch", Maximize("y"), 9, f=lambda p: 1e-6 * hill(p))
    ((number, proposal),) = brain.ask()
    truth = 1e-6 * hill(proposal.point)
    expected = proposal.predicted["y"]
    assert abs(truth - expected.mean) < 6 * expected.sd
    assert expected.sd < 1e-6
    brain.drop(number)


def test_an_acquisition_of_ones_own_takes_a_few_lines():
    def optimist(context):
        return qUpperConfidenceBound(
            context.model,
            beta=4.0,
            sampler=context.sampler(),
            objective=context.objective,
            X_pending=context.pending,
        )

    brain = course(BotorchStrategy(acquisition=optimist), Minimize("y"), 8, f=lambda p: -hill(p))
    assert brain.last.proposals[0].acquisition == "optimist"
    assert brain.best().outputs["y"] < 0.02


def test_a_model_of_ones_own_is_used():
    brain = course(BotorchStrategy(GPFactory(kernels=("rbf",), name="mine")), Maximize("y"), 3)
    assert brain.last.proposals[0].model == "mine"


def test_where_half_of_the_space_fails_the_better_half_is_still_searched():
    brain = Brain(BOX, Maximize("y"), seed=3)
    for round_index in range(12):
        for number, proposal in brain.ask(6 if round_index == 0 else 1):
            works = proposal.point["b"] < 5.0
            brain.tell(number, {"y": hill({**proposal.point, "b": 7.0})} if works else None)
    assert brain.best().outputs["y"] > -2e-3
    assert sum(not o.failed for o in brain.data.observations[6:]) >= 7


def test_log_improvement_is_exact_where_doubles_reach_and_finite_beyond():
    from scipy.stats import norm

    u = np.linspace(-5, 8, 200)
    exact = np.log(norm.pdf(u) + u * norm.cdf(u))
    assert np.allclose(log_improvement(torch.tensor(u)).numpy(), exact, atol=1e-9)
    far = torch.tensor([-1e2, -9.9e3, -1.01e4, -1e6], dtype=torch.float64, requires_grad=True)
    value = log_improvement(far)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(far.grad).all()
    assert (far.grad > 0).all()


def training(count=14, noise=0.05):
    encoded = torch.tensor(BOX.encode(BOX.sample(count, seed=2)))
    rng = np.random.default_rng(0)
    y = torch.sin(5 * encoded).sum(-1, keepdim=True) + noise * torch.tensor(
        rng.standard_normal((count, 1))
    )
    return TrainingData(
        encoded=encoded,
        outputs=y,
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=BOX.features,
        space=BOX,
    )


@pytest.mark.parametrize("waiting", [0, 2])
def test_noisy_improvement_agrees_with_monte_carlo(waiting):
    data = training()
    model = GPFactory(kernels=("matern",)).fit(data).model
    pending = torch.tensor(BOX.encode(BOX.sample(2, seed=9))) if waiting else None
    ours = LogNoisyEI(model, data.encoded, pending, seed=1, draws=512)
    theirs = qLogNoisyExpectedImprovement(
        model,
        X_baseline=data.encoded,
        X_pending=pending,
        sampler=SobolQMCNormalSampler(torch.Size([4096]), seed=1),
        prune_baseline=False,
        cache_root=False,
    )
    x = torch.tensor(BOX.encode(BOX.sample(64, seed=5))).unsqueeze(-2)
    with torch.no_grad():
        mine, other = ours(x).exp(), theirs(x).exp()
        if waiting:
            # qLogNEI also counts what the pending points themselves gain: a constant.
            other = other - theirs(pending[:1].unsqueeze(0)).exp()
    assert torch.allclose(mine, other, atol=0.03)
    assert float(torch.corrcoef(torch.stack([mine, other]))[0, 1]) > 0.99


def test_the_table_is_written_and_complete():
    rows = AutoStrategy.table()
    assert rows[0][0] == "physics is given"
    assert "with and without it" in rows[0][1]
    spaces = {
        "several objectives": (BOX, [Maximize("y"), Minimize("z")]),
        "a box of numbers": (BOX, [Maximize("y")]),
        "a pool, or a product": (SearchSpace(Pool({"x": [1.0, 2.0]}, {"x": "1"})), [Maximize("y")]),
        "anything else": (
            SearchSpace(Continuous("a", 0, 1), Categorical("c", ["p", "q"])),
            [Maximize("y")],
        ),
    }
    for condition, (space, aims) in spaces.items():
        row = AutoStrategy().row_for(space, Objectives.of(aims))
        assert row.condition.startswith(condition)


def test_a_thousand_candidates_are_scored_and_none_is_tried_twice():
    space = SearchSpace(*[Ordered(f"x{i}", range(10)) for i in range(3)])
    brain = course(
        "auto",
        Maximize("y"),
        15,
        space=space,
        f=lambda p: -sum((p[f"x{i}"] - 6) ** 2 for i in range(3)),
    )
    points = [tuple(o.point.values()) for o in brain.data.observations]
    assert len(set(points)) == len(points)
    assert brain.best().outputs["y"] >= -1


def test_an_experiment_outside_of_the_space_is_no_obstacle():
    """What was told of wider bounds teaches, what lacks the output does not; neither is copied."""
    data = Dataset(
        (
            *(
                Observation(f"e{i}", p, outputs={"y": hill(p)})
                for i, p in enumerate(BOX.sample(5, seed=1))
            ),
            Observation("strange", {"a": 7.0, "b": 3.0}, outputs={"y": 9.0}),
            Observation("other", BOX.sample(1, seed=8)[0], outputs={"other": 9.0}),
        )
    )
    batch = AutoStrategy().propose(BOX, Objectives.of(Maximize("y")), data, (), 2, 1)
    assert all(BOX.contains(p.point) for p in batch.proposals)
    assert "on 6 results" in batch.proposals[0].reason
