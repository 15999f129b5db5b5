"""A campaign as the store would hold it, filled by a deterministic generator."""

import contextlib
import itertools
import math
import random
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import pytest

from labloop.records import (
    ActionState,
    Alarm,
    Bundle,
    CampaignRecord,
    CampaignState,
    CurveData,
    DeviceIdentity,
    ExperimentRecord,
    ExperimentState,
    Intent,
    Mode,
    Origin,
    Outcome,
    Prediction,
    Proposal,
    RoundRecord,
    ScalarValue,
    Severity,
    make_campaign_id,
    make_experiment_id,
)
from labloop.store import open_database

DEVICES = {
    "thermostat": ("set_temperature", 0.30),
    "pump_a": ("dispense", 0.35),
    "pump_b": ("dispense", 0.35),
    "detector": ("scan", 0.15),
}
SOLVENTS = ("acetonitrile", "DMF", "ethanol", "water")


@dataclass(frozen=True)
class Story:
    """What the generator should make up."""

    experiments: int = 30
    name: str = "snar"
    aims: int = 1
    thresholds: tuple = (None, None)
    models: bool = True
    curves: bool = True
    actions: bool = True
    seed: int = 0


def spec_of(story):
    """Return the spec that a campaign of this story would store."""
    from labloop.objectives import Maximize, Minimize, Objectives
    from labloop.space import Categorical, Continuous, SearchSpace

    space = SearchSpace(
        Continuous("temperature", 30, 120, unit="degC"),
        Continuous("residence_time", 0.5, 5, unit="min", log=True),
        Continuous("equivalents", 1, 5),
        Categorical("solvent", SOLVENTS),
    )
    least, most = story.thresholds
    aims = [
        Maximize("product_yield", least),
        Minimize("impurity", most),
        Maximize("throughput"),
    ]
    return {
        "name": story.name,
        "space": space.spec(),
        "outputs": [
            {"kind": "scalar", "name": "product_yield", "unit": "%"},
            {"kind": "scalar", "name": "impurity", "unit": "1"},
            {"kind": "scalar", "name": "throughput", "unit": "g/h"},
            {"kind": "curve", "name": "chromatogram", "x": "min", "y": "mAU"},
        ],
        "objective": Objectives.of(aims[: story.aims]).spec(),
        "budget": {"experiments": 40, "hours": 24.0, "cost": None},
        "strategy": "auto",
        "batch": 4,
    }


def truth(point):
    """Return the outputs of a point: a made-up reaction with a best temperature."""
    heat = (point["temperature"] - 88) / 30
    time = math.log(point["residence_time"] / 2.2)
    solvent = {"acetonitrile": 0.9, "DMF": 1.0, "ethanol": 0.62, "water": 0.35}[point["solvent"]]
    made = 96 * solvent * math.exp(-(heat**2) - 0.6 * time**2)
    made *= 1 - math.exp(-1.6 * point["equivalents"])
    impurity = 0.02 + 0.16 / (1 + math.exp(-2.5 * (heat - 0.5)))
    return {
        "product_yield": made,
        "impurity": impurity,
        "throughput": 0.12 * made / point["residence_time"],
    }


def point_of(rng, number, experiments):
    """Return a point: anywhere at first, nearer to the best place later."""
    wide = max(0.12, 1 - 1.3 * number / max(1, experiments))
    return {
        "temperature": round(min(120, max(30, 84 + wide * rng.uniform(-54, 36))), 1),
        "residence_time": round(2.0 * math.exp(wide * rng.uniform(-1.3, 0.9)), 3),
        "equivalents": round(1 + 4 * rng.random(), 2),
        "solvent": rng.choice(SOLVENTS if wide > 0.5 else SOLVENTS[:2]),
    }


def chromatogram(outputs):
    """Return two peaks on a baseline."""
    x = np.linspace(0, 6, 900)
    product = 4.2 * outputs["product_yield"] * np.exp(-(((x - 3.1) / 0.09) ** 2))
    other = 900 * outputs["impurity"] * np.exp(-(((x - 4.4) / 0.11) ** 2))
    return CurveData(x, 2 + product + other, "min", "mAU")


def wait(*futures: Future):
    """Wait until everything is committed."""
    for future in futures:
        future.result(timeout=30)


def _constant(name, unit, mean, now, before):
    ends = {"low": now[0], "high": now[1], "prior_low": before[0], "prior_high": before[1]}
    return {"name": name, "unit": unit, "mean": mean} | ends


def _term(parameter, unit, effect, along, x, value):
    found = {"parameter": parameter, "unit": unit, "effect": effect, "along": along}
    places = [v if isinstance(v, str) else float(v) for v in x]
    along_unit = "min" if along == "residence_time" else "1"
    rest = {"along_unit": along_unit, "share": 0.7, "x": places, "value": [float(v) for v in value]}
    return found | rest


def fit_report(progress, many=4):
    """Return what a model would say after ``progress`` of the campaign, asking for ``many``."""
    x = np.linspace(30, 120, 40)
    mean = 92 * np.exp(-(((x - 88) / 30) ** 2))
    wide = 4 + 18 * (1 - progress) * np.abs(x - 85) / 50
    t = np.geomspace(0.5, 5, 40)
    time_mean = 92 * np.exp(-0.6 * np.log(t / 2.2) ** 2)

    def piece(parameter, unit, places, values, half):
        return {
            "parameter": parameter,
            "unit": unit,
            "output": "product_yield",
            "x": list(places),
            "mean": [float(v) for v in values],
            "low": [float(v) for v in values - half],
            "high": [float(v) for v in values + half],
        }

    return {
        "slices": [
            piece("temperature", "degC", x.tolist(), mean, wide),
            piece("residence_time", "min", t.tolist(), time_mean, 6.0),
            piece("solvent", "1", SOLVENTS, np.array([82.0, 91.0, 55.0, 31.0]), 7.0),
        ],
        "parameters": [
            _constant("rate_constant", "L/mol/s", 0.58, (0.51, 0.66), (0.001, 10.0)),
            _constant("activation_energy", "kJ/mol", 43.1, (39.0, 47.6), (20.0, 120.0)),
        ],
        "weights": {
            "gp": 0.17,
            "direct, all outputs together": 0.40,
            "direct, constants that vary": 0.15,
            "chain, all outputs together": 0.28,
        },
        "physics": {"direct": 0.55, "chain": 0.28},
        "missing": [
            _term("rate_constant", "L/mol/s", 0.4, "residence_time", t, 0.7 - 0.05 * t),
            _term("activation_energy", "kJ/mol", 0.2, "solvent", SOLVENTS, [44, 41, 52, 47]),
            _term("rate_constant", "L/mol/s", 0.01, "equivalents", [1.0, 5.0], [0.5, 0.51]),
        ],
        "uncertainty": [
            {
                name: {"noise": 1.0, "parameters": 0.5 * k, "discrepancy": 0.2, "between": 0.1}
                for name in ("product_yield", "impurity")
            }
            for k in range(many)
        ],
    }


@pytest.fixture
def model_report():
    """Return what the model of a finished campaign says about itself."""
    return fit_report(1.0)


def fill(repositories, story):
    """Store the campaign of ``story`` and return its id."""
    rng = random.Random(story.seed)
    campaign_id = make_campaign_id(story.name, Mode.SIMULATED, story.seed)
    spec = spec_of(story)
    record = CampaignRecord(
        id=campaign_id,
        name=story.name,
        mode=Mode.SIMULATED,
        generation=0,
        seed=story.seed,
        state=CampaignState.RUNNING,
        actor="ada",
        spec=spec,
    )
    bundle = Bundle(
        spec=spec,
        files={"campaign.py": b"# the campaign\n", "lab.toml": b"[lab]\n"},
        entry="campaign.py",
        versions={"python": "3.11.9", "labloop": "0.1.0", "torch": "2.13.0"},
        git_commit="0123456789abcdef",
        sha256="ab" * 32,
    )
    wait(repositories.campaigns.create(record, bundle))
    for device in DEVICES:
        identity = DeviceIdentity(
            device=device,
            model=f"model of {device}",
            serial_number=f"SN-{len(device)}",
            firmware="1.4",
            driver="labloop_devices",
            driver_version="0.1.0",
            url=f"emulator://{device}",
        )
        wait(repositories.journal.identity(campaign_id, identity))
    _Writer(repositories, campaign_id, story, rng).write()
    return campaign_id


class _Writer:
    """Writes rounds of four experiments, their journal and the alarms."""

    def __init__(self, repositories, campaign_id, story, rng):
        self.to = repositories
        self.id = campaign_id
        self.story = story
        self.rng = rng
        self.clock = 0.0

    def write(self):
        waiting = []
        for index in range(math.ceil(self.story.experiments / 4)):
            numbers = range(4 * index + 1, min(4 * index + 4, self.story.experiments) + 1)
            waiting += self._round(index, numbers)
        wait(*waiting)
        if self.story.experiments > 10:
            words = "the measured yields fall faster than first order allows above 100 degC"
            for kind, severity in (
                ("physics-wrong", Severity.WARNING),
                ("sensor-stuck", Severity.ERROR),
            ):
                alarm = Alarm(kind, words, severity)
                where = make_experiment_id(self.id, 9)
                wait(self.to.alarms.add(self.id, alarm, round_index=2, experiment_id=where))

    def _round(self, index, numbers):
        model = self.story.models and index >= 2
        proposals, experiments = [], []
        for slot, number in enumerate(numbers):
            point = point_of(self.rng, number, self.story.experiments)
            proposals.append(self._proposal(point, model=model))
            experiments.append(
                ExperimentRecord(
                    id=make_experiment_id(self.id, number),
                    campaign_id=self.id,
                    number=number,
                    mode=Mode.SIMULATED,
                    state=ExperimentState.PLANNED,
                    origin=Origin.PROPOSED,
                    point=point,
                    round_index=index,
                    proposal_index=slot,
                    actor="labloop",
                )
            )
        committed = RoundRecord(
            campaign_id=self.id,
            index=index,
            seed=index,
            data_hash="0" * 64,
            proposals=tuple(proposals),
            fit_report=fit_report(min(1.0, index / 8), len(proposals)) if model else {},
            seconds=0.8,
        )
        made = [self.to.rounds.commit(committed, experiments)]
        for experiment in experiments:
            made += self._experiment(experiment)
        return made

    def _proposal(self, point, *, model):
        if not model:
            return Proposal(point, "sobol", "fewer than 8 results: fill the space")
        predicted = {}
        for name, value in truth(point).items():
            sd = 0.06 * abs(value) + 0.01
            mean = value + self.rng.gauss(0, sd)
            predicted[name] = Prediction(mean, sd, mean - 1.645 * sd, mean + 1.645 * sd)
        return Proposal(
            point,
            "botorch",
            "results fit the physics: use it",
            model="hybrid",
            acquisition="qLogNEI",
            acquisition_value=0.1,
            predicted=predicted,
        )

    def _experiment(self, experiment):
        start = self.clock
        length = 600 + 60 * experiment.point["residence_time"] * 6
        failed = experiment.number % 11 == 7
        end = start + (0.4 if failed else 1.0) * length
        self.clock = end + 20
        move, name = self.to.experiments.move, experiment.id
        made = [move(name, ExperimentState.RUNNING, actor="labloop", lab_time=start)]
        if self.story.actions:
            made += self._actions(name, start, end, failed=failed)
        if failed:
            reason = "pump_a reports a stall; check the tubing"
            state = ExperimentState.FAILED
            made.append(move(name, state, actor="labloop", reason=reason, lab_time=end))
            return made
        outputs = {
            k: ScalarValue(v * (1 + 0.01 * self.rng.gauss(0, 1)), u, 0.01 * v if u == "%" else None)
            for (k, v), u in zip(truth(experiment.point).items(), ("%", "1", "g/h"), strict=True)
        }
        if self.story.curves:
            outputs["chromatogram"] = chromatogram({k: v.value for k, v in outputs.items()})
        complete = self.to.experiments.complete
        made.append(complete(name, outputs, analysis="f00", actor="labloop", lab_time=end))
        return made

    def _actions(self, experiment, start, end, *, failed):
        made, at = [], start
        for counter, (device, (action, share)) in enumerate(DEVICES.items(), start=1):
            stop = at + share * (end - start) * 0.8
            intent = Intent(
                id=f"{experiment}-a{counter:03d}",
                campaign_id=self.id,
                experiment_id=experiment,
                device=device,
                name=action,
                arguments={"rate": 1.0},
                lab_time=at,
                actor="labloop",
            )
            state = ActionState.FAILED if failed and device == "pump_a" else ActionState.DONE
            outcome = Outcome(intent_id=intent.id, state=state, lab_time=stop, actor="labloop")
            made += [self.to.journal.intent(intent), self.to.journal.outcome(outcome)]
            at = stop - 0.5 * share * (end - start)
            if state is ActionState.FAILED:
                break
        return made


@pytest.fixture
def written(tmp_path):
    """Make up a campaign in a database of its own: ``written(experiments=3)``."""
    with contextlib.ExitStack() as stack:
        made = itertools.count()

        def write(**changes):
            url = f"sqlite:///{tmp_path / f'lab{next(made)}.db'}"
            store = stack.enter_context(open_database(url))
            return store, fill(store, Story(**changes))

        yield write
