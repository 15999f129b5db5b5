"""Write the dump of a small database of today's schema; see the README beside."""

import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from labloop.records import (
    MILLION,
    ActionState,
    Alarm,
    Bundle,
    Calibration,
    CalibrationPoint,
    CampaignRecord,
    CampaignState,
    Command,
    CommandKind,
    CurveData,
    DeviceIdentity,
    ExperimentRecord,
    ExperimentState,
    Filling,
    ForecastRecord,
    ForecastSpan,
    Intent,
    Measurement,
    Mode,
    ModelState,
    Need,
    Occupation,
    Origin,
    Outcome,
    Prediction,
    Proposal,
    RoundRecord,
    SampleChange,
    SampleEvent,
    ScalarValue,
    Shelf,
    make_campaign_id,
    make_experiment_id,
)
from labloop.store import Database, open_database

MOMENT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CAMPAIGN = make_campaign_id("golden", "simulated", 7)
FIRST, SECOND = (make_experiment_id(CAMPAIGN, n) for n in (1, 2))


def _plan(database: Database) -> None:
    """Put a campaign and its first round in."""
    record = CampaignRecord(
        id=CAMPAIGN,
        name="golden",
        mode=Mode.SIMULATED,
        generation=0,
        seed=7,
        state=CampaignState.RUNNING,
        actor="anna",
        created=MOMENT,
    )
    files = {"campaign.py": b"campaign = 1\n"}
    versions = {"python": "3.11.7"}
    database.campaigns.create(
        record, Bundle(spec={"name": "golden"}, files=files, entry="campaign.py", versions=versions)
    )
    points = ({"temperature": 50.0, "solvent": "water"}, {"temperature": 60.5, "solvent": "thf"})
    proposals = tuple(
        Proposal(p, "sobol", "first", predicted={"product_yield": Prediction(0.5, 0.1, 0.3, 0.7)})
        for p in points
    )
    state = ModelState("gp", 1, {"kernel": "matern"}, {"weights": np.arange(4.0).reshape(2, 2)})
    planned = [
        ExperimentRecord(
            id=make_experiment_id(CAMPAIGN, n),
            campaign_id=CAMPAIGN,
            number=n,
            mode=Mode.SIMULATED,
            state=ExperimentState.PLANNED,
            origin=Origin.PROPOSED,
            point=point,
            round_index=0,
            proposal_index=n - 1,
            created=MOMENT,
        )
        for n, point in enumerate(points, start=1)
    ]
    database.rounds.commit(
        RoundRecord(
            campaign_id=CAMPAIGN, index=0, seed=5, proposals=proposals, state=state, created=MOMENT
        ),
        planned,
    )


def fill(database: Database) -> None:
    """Put something into every table."""
    _plan(database)
    for one in (FIRST, SECOND):
        database.experiments.move(one, ExperimentState.RUNNING, actor="labloop", lab_time=0.0)
        database.journal.intent(
            Intent(
                id=f"{one}-a001", campaign_id=CAMPAIGN, experiment_id=one, device="pump", name="go"
            )
        )
    database.journal.outcome(
        Outcome(intent_id=f"{FIRST}-a001", state=ActionState.DONE, sent=(b"\x02GO",))
    )
    curve = CurveData(np.arange(3.0), np.array([1.5, 2.5, 3.5]), "min", "mAU")
    measured = Measurement(
        {"scan": curve, "colour": "blue"}, {"temperature": ScalarValue(50.1, "degC")}
    )
    database.experiments.save_raw(FIRST, measured)
    outputs = {"product_yield": ScalarValue(0.75, "1", 0.05), "scan": curve}
    database.experiments.complete(FIRST, outputs, analysis="aa", actor="labloop", lab_time=60.0)
    database.experiments.move(
        SECOND, ExperimentState.UNCERTAIN, actor="labloop", reason="the process died"
    )
    database.journal.identity(CAMPAIGN, DeviceIdentity(device="pump", model="NE-1000"))
    sequence = database.commands.add(
        Command(campaign_id=CAMPAIGN, kind=CommandKind.PAUSE, actor="anna", created=MOMENT)
    ).result()
    database.commands.answer(sequence, accepted=True, answer="paused")
    database.campaigns.set_state(CAMPAIGN, CampaignState.PAUSED, "a person paused it", "anna")
    database.alarms.add(CAMPAIGN, Alarm("drift", "the yield drifts")).result()
    (alarm,) = database.alarms.all(CAMPAIGN)
    database.alarms.acknowledge(alarm.sequence, "anna", "seen").result()
    database.calibrations.add(
        Calibration(
            device="pump",
            quantity="rate",
            mode=Mode.SIMULATED,
            performed=MOMENT,
            performed_by="anna",
            unit="mL/min",
            points=(CalibrationPoint(1.0, 1.01),),
        )
    ).result()
    shelf = Shelf("bench", Mode.SIMULATED, CAMPAIGN)
    vessel = Filling(name="solvent", unit="mL", amount=10 * MILLION, lot="L1", expires=MOMENT)
    database.stock.put(shelf, [vessel], "anna").result()
    need = Need(name="solvent", amount=3 * MILLION, unit="mL", allow_expired=True)
    database.stock.use(shelf, need, SECOND, "labloop").result()
    made = SampleEvent(change=SampleChange.MADE, place="rack.A1", experiment_id=SECOND)
    number = database.samples.make(shelf, "vial", made, CAMPAIGN).result()
    database.samples.record(number, SampleEvent(change=SampleChange.MOVING, place="oven")).result()
    _share(database)
    grant = database.leases.acquire(f"campaign:{CAMPAIGN}", "anna")
    database.leases.release(grant)


def _share(database: Database) -> None:
    """Put what was held, and a forecast, in."""
    had = Occupation("oven-1", 10.0, 50.0, "oven", asked=5.0, use=1, setting=80.0)
    database.schedules.add_held(FIRST, [had]).result()
    planned = ForecastSpan("oven-1", 0.0, 40.0, held=True)
    expected = ForecastRecord(
        campaign_id=CAMPAIGN,
        lab_time=0.0,
        experiments=2,
        hours=0.02,
        low=0.01,
        high=0.03,
        spans=(planned,),
        actor="anna",
        created=MOMENT,
    )
    database.schedules.add_forecast(expected).result()


def main(name: str) -> None:
    """Write ``name`` beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lab.db"
        with open_database(str(path)) as database:
            fill(database)
        connection = sqlite3.connect(path)
        lines = "\n".join(connection.iterdump())
        connection.close()
    Path(__file__).with_name(name).write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
