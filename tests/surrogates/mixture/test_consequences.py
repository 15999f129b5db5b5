"""A doubt about the physics says what it would change, and which experiment decides."""

import pytest
import torch

from labloop.objectives import Maximize, Objectives
from labloop.physics import (
    Fixed,
    FunctionPhysics,
    Prior,
    Rate,
    bind,
    diffusion,
    kinetics,
    with_value,
)
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import MixtureFactory, TrainingData
from labloop.surrogates.mixture.consequences import (
    Shift,
    deciding_experiment,
    misfit_of_constants,
)
from labloop.surrogates.mixture.physics_alarms import physics_alarms, wrong_alarms
from labloop.surrogates.mixture.physics_members import fit_candidate
from labloop.surrogates.mixture.physics_report import CandidatePhysics
from labloop.surrogates.solving import Channels

SPACE = SearchSpace(Continuous("dose", 0, 10, unit="mL"), Continuous("idle", 0, 1))


def bent(name, bend):
    """Return y = k (s + bend s (1 - s)) of the share s = dose / 10 mL."""
    return FunctionPhysics(
        lambda x, t: {"y": t["k"] * (s := x["dose"] / 1e-5) * (1 + bend * (1 - s))},
        {"k": Prior(1.0, fold=1.5)}, {"dose": "m^3"}, ["y"], name=name,
    )  # fmt: skip


UP, DOWN = bent("up", 1.0), bent("down", -1.0)


def training(doses, y):
    """Return measurements."""
    rows = [{"dose": float(d), "idle": 0.5} for d in doses]
    return TrainingData(
        encoded=torch.as_tensor(SPACE.encode(rows)),
        outputs=torch.tensor([y], dtype=torch.float64).T,
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=tuple(SPACE.features),
        space=SPACE,
    )


AT_THE_ENDS = training([0.0, 10.0, 0.1, 9.9, 0.2, 9.8], [0.0, 1.0, 0.01, 0.99, 0.02, 0.98])


def test_between_two_models_the_experiment_that_decides_is_named():
    """Two curves agree at the ends, where the results are, and differ most between."""
    fitted = MixtureFactory([UP, DOWN]).fit(AT_THE_ENDS)
    (told,) = [a for a in fitted.alarms if a.kind == "physics-undecided"]
    assert "both explain the experiments" in told.message
    assert "most of all one at dose" in told.message
    assert told.data["experiment"]["dose"] == pytest.approx(5.0, abs=1.0)
    again = MixtureFactory([UP, DOWN]).restore(fitted.state, AT_THE_ENDS)
    assert [a.message for a in again.alarms] == [a.message for a in fitted.alarms]


def candidates(data):
    """Return both with their members, and equal weights."""
    made = []
    for model in (UP, DOWN):
        channels = Channels(bind(model, SPACE), data)
        made.append(CandidatePhysics(channels, fit_candidate(channels, data)))
    share = {m.name: 1.0 for candidate in made for m in candidate.members}
    return made, share


def test_of_rejected_physics_nothing_is_undecided():
    """Which of two rejected models is the better one is no question."""
    made, share = candidates(AT_THE_ENDS)
    kinds = [
        [a.kind for a in physics_alarms(made, share, evidence, AT_THE_ENDS)]
        for evidence in (0.9, 0.1)
    ]
    assert "physics-undecided" in kinds[0]
    assert "physics-undecided" not in kinds[1]
    assert kinds[1][0] == "physics-wrong"


def test_models_that_agree_everywhere_leave_nothing_to_decide():
    """No experiment is named where none would tell."""
    channels = Channels(bind(UP, SPACE), AT_THE_ENDS)
    z = torch.zeros(1, dtype=torch.float64)
    assert deciding_experiment((channels, z), (channels, z), AT_THE_ENDS) is None


def test_a_shift_names_only_what_moves():
    """A parameter that stays within a twentieth of its range is not told, nor a gain of nothing."""
    before, after = {"dose": 2.0, "idle": 0.5}, {"dose": 8.0, "idle": 0.52}
    assert Shift(1.0, before, after).words(AT_THE_ENDS) == "dose 8 instead of 2 mL"
    assert Shift(0.0, before, after).words(AT_THE_ENDS) == ""


HEAT = diffusion(length="dose / 1 cm^2", time="1 h", start="1 mol/L", diffusivity="1e-9 m^2/s",
                 outer=Fixed("0 mol/L"), outputs={"y": "mean / start"})  # fmt: skip
REACTION = kinetics(feed={"A": "dose * 1 mol/L / 1 L"}, time="1 h", outputs={"y": "P / A0"})(
    type("R", (), {"k": Rate("A -> P", k=Prior(1, "1/h", fold=2))})
)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (HEAT, "check its surfaces, its source"),
        (REACTION, "check its reactions, its priors and what was fed"),
        (with_value(REACTION, {"gain": "y - 0.1 * idle"}), "check its reactions"),
        (UP, "check its function, the units of its inputs"),
    ],
)
def test_wrong_physics_is_told_in_its_own_words(model, words):
    """Heat and light have no reactions; a value on top speaks as what lies beneath it."""
    (told,) = wrong_alarms(model, 8, 0.2)
    assert words in told.message


@pytest.mark.parametrize(
    ("experiments", "weight", "rings"),
    [(5, 0.1, 0), (6, 0.49, 1), (12, 0.49, 1), (13, 0.3, 0), (40, 0.01, 1), (40, 0.1, 0)],
)
def test_at_any_number_of_results_hopeless_physics_is_told(experiments, weight, rings):
    """Early where it is behind, later only where it is far behind."""
    assert len(wrong_alarms(UP, experiments, weight)) == rings


@pytest.mark.parametrize("bend", [0.0, 1.0])
def test_what_is_noise_is_not_missing(bend):
    """Constants of right physics leave nothing beyond the noise, those of bent physics do."""
    straight, noise = bent("straight", 0.0), torch.Generator().manual_seed(3)
    shares = torch.linspace(0.0, 1.0, 16, dtype=torch.float64)
    y = shares * (1 + bend * (1 - shares))
    y = y + 0.02 * torch.randn(16, generator=noise, dtype=torch.float64)
    data = training(10 * shares, y.tolist())
    channels = Channels(bind(straight, SPACE), data)
    candidate = CandidatePhysics(channels, fit_candidate(channels, data))
    share = {member.name: 1.0 for member in candidate.members}
    left = misfit_of_constants(candidate, candidate.varying, share)
    assert left.beyond_noise is (bend > 0)
    assert (left.share > 0.1) is (bend > 0)
    told = [a.kind for a in physics_alarms([candidate], share, 1.0, data)]
    assert ("physics-missing" in told) is (bend > 0)
