"""A stored round says enough to be computed again: the same points from the same belief."""

import numpy as np
import pytest
import torch

from labloop.campaign import Campaign, ask, build_dataset, load_campaign, restore, tell
from labloop.campaign.by_hand.row_reader import ResultRow
from labloop.records import ScalarValue
from labloop.surrogates import MixtureFactory, TrainingData

FILE = """
import torch
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace
from labloop.physics import FunctionPhysics, Prior

def rise(x, theta):
    k = theta["k"] * (1 + 2 * x["heat"])
    decay = torch.exp(-0.3 * x["time"]) - torch.exp(-k * x["time"])
    return {"y": k / (k - 0.3) * decay}

campaign = CampaignSpec(
    "replayed", SearchSpace(Continuous("time", 0.1, 10, unit="s"), Continuous("heat", 0, 1)),
    outputs=[Scalar("y")], objective=Maximize("y"), budget=Budget(experiments=30),
    physics=FunctionPhysics(rise, {"k": Prior(1.0, "1", fold=2)}, {"time": "s", "heat": "1"}, "y"),
)
"""


def measured(point):
    """Return what an experiment gives."""
    return float(np.sin(0.4 * point["time"]) * (0.5 + point["heat"]))


@pytest.fixture
def campaign(tmp_path, repositories):
    """Return a campaign of a physics, after five rounds of two proposals each by hand."""
    (tmp_path / "campaign.py").write_text(FILE)
    definition = load_campaign(tmp_path / "campaign.py")
    made = Campaign.create(repositories, definition, actor="me", by_hand=True)
    known = []
    for _ in range(5):
        known.append(build_dataset(repositories, made.record.id, definition.spec.space))
        asked = ask(repositories, made.record, definition, 2, actor="me")
        told = [
            ResultRow(
                line=i,
                experiment_id=row.id,
                point=row.point,
                outputs={"y": ScalarValue(measured(row.point))},
            )
            for i, row in enumerate(asked)
        ]
        tell(repositories, made.record, told, actor="me")
    return made.record, known


def test_a_stored_round_gives_the_same_proposals_again(repositories, campaign):
    """From the stored bundle, data and seed: every point, prediction and reason is equal."""
    record, known = campaign
    spec = restore(repositories.campaigns.bundle(record.id)).spec
    strategy = spec.resolve()
    rounds = repositories.rounds.all(record.id)
    assert len(rounds) == 5
    for stored, data in zip(rounds, known, strict=True):
        assert stored.data_hash == data.fingerprint()
        again = strategy.propose(spec.space, spec.objectives, data, [], 2, stored.seed)
        assert again.proposals == stored.proposals


def test_a_stored_model_predicts_as_it_did(repositories, campaign):
    """The belief of the last round is read back without fitting, to the last bit."""
    record, known = campaign
    spec = restore(repositories.campaigns.bundle(record.id)).spec
    stored = repositories.rounds.all(record.id)[-1]
    observations = known[-1].done
    data = TrainingData(
        encoded=torch.as_tensor(spec.space.encode([o.point for o in observations])),
        outputs=torch.tensor([[o.outputs["y"]] for o in observations], dtype=torch.float64),
        names=("y",),
        objective=spec.objectives,
        features=tuple(spec.space.features),
        space=spec.space,
        seed=stored.seed,
    )
    factory = MixtureFactory(spec.competing)
    x = torch.rand(16, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    read, fitted = factory.restore(stored.state, data), factory.fit(data)
    for model in (read, fitted):
        assert model.report["weights"] == pytest.approx(stored.fit_report["weights"], abs=0)
    now, then = (m.model.variance_parts(x) for m in (read, fitted))
    assert torch.equal(now.mean, then.mean)
    assert torch.equal(now.discrepancy, then.discrepancy)
