"""The contract of the repositories: both dialects keep the same promises."""

from concurrent.futures import Future
from datetime import UTC, datetime

import numpy as np
import pytest
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import (
    NameTakenError,
    NotFoundError,
    StaleStateError,
    StoreError,
)
from labloop.records import (
    EXPERIMENT_MOVES,
    CampaignState,
    CurveData,
    ExperimentState,
    Measurement,
    Mode,
    ModelState,
    Origin,
    Prediction,
    Proposal,
    Repositories,
    RoundRecord,
    ScalarValue,
    make_campaign_id,
)

FIRST = experiment().id


def test_port(database):
    """The database is what the ports ask for."""
    repositories: Repositories = database
    assert repositories.url
    assert "labloop" in repositories.url or "lab.db" in repositories.url


class TestCampaigns:
    def test_stored(self, database):
        """A campaign is read back as it was stored, with its bundle's hash and spec."""
        made = datetime(2026, 3, 4, 5, 6, 7, 891234, tzinfo=UTC)
        database.campaigns.create(campaign(created=made), bundle()).result()
        found = database.campaigns.get(CAMPAIGN)
        assert found == campaign(
            created=made, bundle_sha256=bundle().sha256, spec=dict(bundle().spec)
        )
        assert database.campaigns.find("test", Mode.SIMULATED) == found
        assert database.campaigns.find("test", Mode.REAL) is None
        assert database.campaigns.bundle(CAMPAIGN) == bundle()

    def test_name_taken(self, filled):
        """A taken name is refused, and the first campaign stays as it is."""
        with pytest.raises(NameTakenError, match="simulated campaign named 'test' exists"):
            filled.campaigns.create(campaign(id="other"), bundle()).result()
        assert [c.id for c in filled.campaigns.all()] == [CAMPAIGN]

    def test_generations(self, filled):
        """``find`` gives the newest generation, ``all`` keeps the order of creation."""
        ids = [CAMPAIGN]
        for generation in (2, 1):
            ids.append(make_campaign_id("test", "simulated", 1, generation))
            filled.campaigns.create(campaign(id=ids[-1], generation=generation), bundle()).result()
        assert filled.campaigns.find("test", Mode.SIMULATED).generation == 2
        assert [c.id for c in filled.campaigns.all()] == ids

    def test_state(self, filled):
        """Each change of state counts the version up."""
        changed = filled.campaigns.set_state(CAMPAIGN, CampaignState.PAUSED, "why", "ben").result()
        assert (changed.state, changed.reason, changed.version) == ("paused", "why", 1)
        assert changed == filled.campaigns.get(CAMPAIGN)
        again = filled.campaigns.set_state(CAMPAIGN, CampaignState.RUNNING, "", "ben").result()
        assert again.version == 2

    def test_unknown(self, database):
        """What is not there is said in a sentence."""
        with pytest.raises(NotFoundError, match="no campaign has the id 'nobody'"):
            database.campaigns.get("nobody")
        with pytest.raises(NotFoundError, match="no campaign has the id 'nobody'"):
            database.campaigns.bundle("nobody")
        with pytest.raises(NotFoundError, match="no campaign has the id 'nobody'"):
            database.campaigns.set_state("nobody", CampaignState.PAUSED, "", "ben").result()

    def test_new_bundle(self, filled):
        """The newest bundle counts."""
        other = bundle(files={"campaign.py": b"campaign = 2\n"}, sha256="cd" * 32, git_dirty=True)
        filled.campaigns.add_bundle(CAMPAIGN, other, "ben").result()
        assert filled.campaigns.bundle(CAMPAIGN) == other
        assert filled.campaigns.get(CAMPAIGN).bundle_sha256 == other.sha256


class TestRounds:
    def record(self, **changes) -> RoundRecord:
        proposal = Proposal(
            {"temperature": 61.25, "solvent": "water"},
            "botorch",
            "few points, smooth",
            model="gp",
            acquisition="qLogNEI",
            acquisition_value=-3.5,
            predicted={"product_yield": Prediction(0.5, 0.1, 0.3, 0.7)},
            seed=2**62,
        )
        arrays = {"weights": np.arange(12.0).reshape(3, 4), "nothing": np.empty((0, 2))}
        values = {
            "campaign_id": CAMPAIGN,
            "index": 0,
            "seed": 2**63 - 1,
            "data_hash": "ef" * 32,
            "proposals": (proposal, proposal),
            "state": ModelState("gp", 3, {"names": ["a"]}, arrays),
            "fit_report": {"seconds": 0.25},
            "seconds": 1.5,
            "created": datetime(2026, 1, 2, tzinfo=UTC),
        }
        return RoundRecord(**{**values, **changes})

    def test_stored(self, filled):
        """A round comes back bit-equal, its model state included."""
        record = self.record()
        planned = experiment(2, origin=Origin.PROPOSED, round_index=0, proposal_index=1)
        filled.rounds.commit(record, [planned]).result()
        (found,) = filled.rounds.all(CAMPAIGN)
        assert found.proposals == record.proposals
        assert found.state.kind == "gp"
        assert found.state.schema == 3
        for name, array in record.state.arrays.items():
            assert np.array_equal(found.state.arrays[name], array)
            assert found.state.arrays[name].shape == array.shape
        for name in ("seed", "data_hash", "fit_report", "seconds", "created", "attempt"):
            assert getattr(found, name) == getattr(record, name)
        assert filled.experiments.get(planned.id).proposal_index == 1

    def test_once(self, filled):
        """A round is stored once; asked anew it is another attempt."""
        filled.rounds.commit(self.record(), []).result()
        with pytest.raises(StaleStateError, match=r"round 0 .attempt 0. .* is stored already"):
            filled.rounds.commit(self.record(), [experiment(3)]).result()
        with pytest.raises(NotFoundError, match=experiment(3).id):
            filled.experiments.get(experiment(3).id)
        filled.rounds.commit(self.record(attempt=1), []).result()
        assert [r.attempt for r in filled.rounds.all(CAMPAIGN)] == [0, 1]

    def test_other_campaign(self, filled):
        """A round takes along only experiments of its own campaign."""
        with pytest.raises(StoreError, match="commit them with their own"):
            filled.rounds.commit(self.record(), [experiment(2, campaign_id="other")]).result()


class TestExperiments:
    def test_way(self, filled):
        """An experiment goes its way; times and outputs are kept."""
        move = filled.experiments.move
        move(FIRST, ExperimentState.RUNNING, actor="labloop", lab_time=1.0).result()
        curve = CurveData(np.array([0.0, 1.0]), np.array([2.0, 3.0]), "min", "mAU")
        measured = Measurement(
            {"scan": curve, "weight": ScalarValue(1.5, "g", 0.1), "colour": "blue"},
            {"temperature": ScalarValue(50.5, "degC")},
        )
        filled.experiments.save_raw(FIRST, measured).result()
        outputs = {"product_yield": ScalarValue(0.75), "scan": curve}
        filled.experiments.complete(
            FIRST, outputs, analysis="aa", actor="labloop", lab_time=9.0
        ).result()
        found = filled.experiments.get(FIRST)
        assert found.state is ExperimentState.DONE
        assert (found.lab_started, found.lab_finished) == (1.0, 9.0)
        assert found.finished is not None
        assert found.point == experiment().point
        assert filled.experiments.raw(FIRST) == measured
        assert filled.experiments.outputs(CAMPAIGN) == {FIRST: outputs}

    @pytest.mark.parametrize("start", ExperimentState)
    def test_moves(self, filled, start):
        """Only the moves of the table are legal; an illegal one names both states."""
        for number, to in enumerate(ExperimentState, start=10):
            made = experiment(number, state=start)
            filled.experiments.add(made).result()
            moved = filled.experiments.move(made.id, to, actor="ben", reason="because")
            if to in EXPERIMENT_MOVES[start]:
                moved.result()
                assert filled.experiments.get(made.id).state is to
                assert filled.experiments.get(made.id).reason == "because"
            else:
                with pytest.raises(StaleStateError, match=f"to {to.value} and is {start.value}"):
                    moved.result()
                assert filled.experiments.get(made.id).state is start

    def test_complete_or_nothing(self, filled):
        """Where the move to DONE is illegal, no output is stored."""
        with pytest.raises(StaleStateError, match="to done and is planned"):
            filled.experiments.complete(
                FIRST, {"y": ScalarValue(1.0)}, analysis="aa", actor="ben"
            ).result()
        assert filled.experiments.outputs(CAMPAIGN) == {}

    def test_superseded(self, filled):
        """Newer outputs and raw data supersede older ones, name by name."""
        for value in (1.0, 2.0):
            outputs = {"y": ScalarValue(value), f"only_{value:.0f}": ScalarValue(value)}
            filled.experiments.save_outputs(FIRST, outputs, analysis="aa", actor="ben").result()
            filled.experiments.save_raw(FIRST, Measurement({"y": ScalarValue(value)})).result()
        found = filled.experiments.outputs(CAMPAIGN)[FIRST]
        assert found == {
            "y": ScalarValue(2.0), "only_1": ScalarValue(1.0), "only_2": ScalarValue(2.0)
        }  # fmt: skip
        assert filled.experiments.raw(FIRST) == Measurement({"y": ScalarValue(2.0)})

    def test_actual(self, filled):
        """What was reached is read for a whole campaign, of the newest measurement of each."""
        filled.experiments.add(experiment(2)).result()
        first = {"heat": ScalarValue(49.5, "degC"), "metal": "iron"}
        filled.experiments.save_raw(FIRST, Measurement({"actual": "no"}, first)).result()
        assert filled.experiments.raw(FIRST) == Measurement({"actual": "no"}, first)
        assert filled.experiments.actual(CAMPAIGN) == {FIRST: first}
        filled.experiments.save_raw(FIRST, Measurement({"y": ScalarValue(1.0)})).result()
        second = {"heat": ScalarValue(51.0, "degC")}
        filled.experiments.save_raw(experiment(2).id, Measurement({}, second)).result()
        assert filled.experiments.actual(CAMPAIGN) == {experiment(2).id: second}
        assert filled.experiments.actual("other") == {}

    def test_listed(self, filled):
        """Experiments come by number, filtered by state."""
        filled.experiments.add(experiment(3)).result()
        filled.experiments.add(experiment(2, state=ExperimentState.AWAITING)).result()
        assert [e.number for e in filled.experiments.all(CAMPAIGN)] == [1, 2, 3]
        awaiting = filled.experiments.all(CAMPAIGN, {ExperimentState.AWAITING})
        assert [e.number for e in awaiting] == [2]
        assert filled.experiments.all(CAMPAIGN, []) == []

    def test_mode(self, filled):
        """A real experiment in a simulated campaign is refused with a sentence."""
        with pytest.raises(StoreError, match="is real and its campaign simulated; the two are"):
            filled.experiments.add(experiment(2, mode=Mode.REAL)).result()

    def test_unknown(self, filled):
        """What is not there is said in a sentence, and raw data is None."""
        for write in (
            filled.experiments.move("no", ExperimentState.RUNNING, actor="ben"),
            filled.experiments.save_raw("no", Measurement({})),
            filled.experiments.save_outputs("no", {}, analysis="", actor="ben"),
            filled.experiments.add(experiment(9, campaign_id="no")),
        ):
            with pytest.raises(NotFoundError, match="has the id 'no'"):
                write.result()
        assert filled.experiments.raw(FIRST) is None

    def test_number_taken(self, filled):
        """A number is given once a campaign."""
        with pytest.raises(StaleStateError, match="stored before"):
            filled.experiments.add(experiment(1, id="other")).result()

    def test_bad_values(self, filled):
        """NaN, NUL, broken Unicode and too large numbers fail the future with a sentence."""
        add = filled.experiments.add
        cases = [
            (experiment(2, point={"x": float("nan")}), "cannot be stored as JSON"),
            (experiment(2, point={"x": "a\0b"}), "NUL"),
            (experiment(2, point={"x": object()}), "object is no JSON value"),
            (experiment(2, reason="a\0b"), "NUL"),
            (experiment(2, reason="\ud800"), "no valid Unicode"),
            (experiment(2, lab_started=float("inf")), "only finite numbers"),
            (experiment(2, created=datetime(2026, 1, 1)), "needs its time zone"),  # noqa: DTZ001 - the point
            (experiment(2**63), "64 bits|out of range"),
        ]
        for record, sentence in cases:
            with pytest.raises(StoreError, match=sentence):
                add(record).result()
        add(experiment(2, point={"x": "a\\u0000b"})).result()
        assert filled.experiments.get(experiment(2).id).point == {"x": "a\\u0000b"}


def test_visible_when_resolved(filled):
    """A read sees everything whose future has resolved, from any thread."""
    futures: list[Future[None]] = []
    for number in range(2, 30):
        futures.append(filled.experiments.add(experiment(number)))
        futures[-1].result()
        assert filled.experiments.get(experiment(number).id).number == number
