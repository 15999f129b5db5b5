"""The flow reactor's hidden world: mass is kept, liquid needs time, heat needs time."""

import binascii

import numpy as np
import pytest

from labloop.errors import LabFileError
from labloop_simulators.bodies.bath import Bath
from labloop_simulators.worlds._kinetics import Truth, react
from labloop_simulators.worlds._tube import Tube, Volumes
from labloop_simulators.worlds.flow_reactor import BEST, STOCK_A, STOCK_N, create, outcome

POINT = {"temperature": 80.0, "residence_time": 1.0, "equivalents": 3.0, "concentration": 0.3}


def started(point=POINT, *, seed=1, warm=True, **options):
    """Return a world whose pumps run and whose bath is on since second 1."""
    world = create(seed, options)
    flow = 2.0 / point["residence_time"]
    part_a = point["concentration"] / STOCK_A
    part_n = point["equivalents"] * point["concentration"] / STOCK_N
    for name, part in zip(
        ("pump_a", "pump_n", "pump_s"), (part_a, part_n, 1 - part_a - part_n), strict=True
    ):
        pump = world.emulators[name]
        for command in (b"00\r", b"00DIA14.6\r", b"00VOLML\r", b"00VOL0.000\r", b"00SAF0\r"):
            pump.handle(command, 0.0)
        pump.handle(f"00RAT{flow * part:.3f}MM\r".encode(), 0.5)
        pump.handle(b"00RUN\r", 1.0)
    if warm:
        bath = world.emulators["thermostat"]
        bath.handle(f"out_sp_00 {point['temperature']:.2f}\r".encode(), 0.5)
        bath.handle(b"out_mode_05 1\r", 1.0)
    return world


def test_no_atom_is_lost_or_made():
    """A's and N's are kept through every reaction, cold and hot, short and long."""
    feed = np.array([[0.1, 0.1], [0.5, 2.5], [0.3, 0.9]])
    hot = np.array([120.0, 60.0, 90.0])
    out = react(Truth(), feed, np.array([5.0, 0.5, 2.0]), lambda _: hot)
    a, n, p, bis, x, dim = out.T
    assert np.allclose(a + p + bis + x + 2 * dim, feed[:, 0], rtol=1e-9)
    assert np.allclose(n + p + 2 * bis + dim, feed[:, 1], rtol=1e-9)
    assert (out >= 0).all()


def test_the_integration_agrees_with_a_closed_form():
    """With hydrolysis alone A decays exponentially."""
    truth = Truth(k_main=0.0, k_bis=0.0, k_dim=0.0, k_water=0.7, ea_water=0.0)
    warm = np.array([90.0])
    out = react(truth, np.array([[0.4, 0.0]]), np.array([3.0]), lambda _: warm)
    assert out[0, 0] == pytest.approx(0.4 * np.exp(-2.1), rel=1e-6)


def test_the_wait_decides_the_answer():
    """Nothing arrives before the tube is full; after 3.5 residence volumes the truth does."""
    world = started()
    wanted = world.ideal(POINT)["product_yield"]
    minute = 60.0 * POINT["residence_time"]
    assert world.composition(1.0 + 0.9 * minute).sum() == 0.0
    early = outcome(world.composition(600.0))["product_yield"]
    assert early == pytest.approx(wanted, abs=5e-3)
    fresh = started()
    too_soon = fresh.composition(1.0 + 1.4 * minute)
    assert outcome(too_soon)["product_yield"] < 0.6 * wanted


def test_a_change_of_flow_arrives_one_reactor_and_capillary_later():
    volumes = Volumes(reactor=2.0, dead=0.3, mixing=0.5)
    tube = Tube(volumes)
    tube.change(0.0, 1.0, (0.1, 0.2))
    tube.change(600.0, 2.0, (0.3, 0.2))
    before = tube.at_detector(600.0 + 60.0 * 2.29 / 2.0)
    after = tube.at_detector(600.0 + 60.0 * (2.3 + 12 * 0.5) / 2.0)
    assert (before.feed[:, 0] == 0.1).all()
    assert (after.feed[:, 0] == 0.3).all()
    assert np.allclose(after.left - after.entered, 60.0)


def test_a_stopped_flow_keeps_reacting():
    """Liquid that stands in the hot tube goes on reacting until it is pushed out."""
    tube = Tube(Volumes())
    tube.change(0.0, 2.0, (0.1, 0.2))
    tube.change(300.0, 0.0, (0.0, 0.0))
    tube.change(900.0, 2.0, (0.1, 0.2))
    stays = tube.at_detector(900.0 + 45.0)
    assert (stays.left - stays.entered).max() == pytest.approx(660.0)


def test_the_bath_lags_and_remembers():
    """One time constant after the start it has gone 63 % of the way, also asked later."""
    bath = Bath(room=22.0, heating=90.0)
    bath.approach(10.0, 122.0)
    bath.approach(100.0, None)
    assert bath.at(5.0) == 22.0
    assert bath.at(100.0) == pytest.approx(22.0 + 100.0 * (1 - np.exp(-1.0)))
    assert bath.at(55.0) == pytest.approx(22.0 + 100.0 * (1 - np.exp(-0.5)))
    assert bath.at(1e6) == pytest.approx(22.0)


def test_parcels_feel_the_temperature_of_their_own_stay():
    """A cold tube gives less product than a hot one, and a warming one lies between."""
    cold, hot = started(warm=False), started()
    warming = outcome(hot.composition(1.0 + 60.0 * 2.5))["product_yield"]
    settled = outcome(hot.composition(1500.0))["product_yield"]
    assert outcome(cold.composition(1500.0))["product_yield"] < warming < settled


def test_the_same_seed_gives_the_same_curve_however_often_is_looked():
    """Noise hangs on seed and number of the scan, not on what was read in between."""
    scan = b"SCAN*%04X\r\n" % binascii.crc_hqx(b"SCAN", 0)
    data = b"DATA?*%04X\r\n" % binascii.crc_hqx(b"DATA?", 0)
    blocks = []
    for looks, seed in ((0, 1), (50, 1), (0, 2)):
        world = started(seed=seed)
        for second in range(looks):
            world.composition(100.0 + second)
        world.emulators["detector"].handle(scan, 1000.0)
        blocks.append(world.emulators["detector"].handle(data, 1300.0))
    assert blocks[0] == blocks[1]
    assert blocks[0] != blocks[2]


def test_the_best_point_is_the_best():
    """The documented optimum is reached, and no random point beats it."""
    world = create(0, {})
    names = ("temperature", "residence_time", "equivalents", "concentration")
    at = {name: BEST[name] for name in names}
    assert world.ideal(at)["product_yield"] == pytest.approx(BEST["product_yield"], abs=2e-4)
    random = np.random.default_rng(0)
    low, high = np.array([30, 0.5, 1, 0.1]), np.array([120, 5, 5, 0.5])
    tries = low + (high - low) * random.random((60, 4))
    yields = [world.yield_of(*point)["product_yield"] for point in tries.tolist()]
    assert max(yields) <= BEST["product_yield"]


def test_noise_of_the_offline_function_is_of_the_size_asked_for():
    world = create(0, {"noise": 0.02})
    random = np.random.default_rng(3)
    at = tuple(POINT.values())
    drawn = [world.yield_of(*at, random)["product_yield"] for _ in range(60)]
    assert 0.002 < np.std(drawn) < 0.02
    assert np.mean(drawn) == pytest.approx(world.ideal(POINT)["product_yield"], abs=0.006)


def test_another_truth_is_another_chemistry():
    plain, other = create(0, {}), create(0, {"truth": 7})
    assert plain.ideal(POINT) != other.ideal(POINT)
    assert other.ideal(POINT) == create(5, {"truth": 7}).ideal(POINT)


@pytest.mark.parametrize("options", [{"nois": 0.1}, {"noise": -1}, {"noise": "little"}])
def test_a_wrong_option_is_named(options):
    with pytest.raises(LabFileError, match="nois"):
        create(0, options)


def test_a_dead_man_stops_the_flow_at_its_own_time():
    """The liquid of a pump that nobody talks to stops when its time is over, not when asked."""
    world = started()
    for name in ("pump_a", "pump_n", "pump_s"):
        world.emulators[name].handle(b"00SAF20\r", 100.0)
    world.composition(500.0)
    alarms = [event for event in world.truth.events if event.event == "alarm"]
    assert [event.time for event in alarms] == [120.0] * 3
    assert world.emulators["pump_a"].flow() == 0.0
