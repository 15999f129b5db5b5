"""The arm executes a number once, refuses with the codes of its README, and survives noise."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop_devices.robot_arm import _protocol as protocol
from labloop_simulators.instruments.robot_arm import RobotArmEmulator
from labloop_simulators.worlds.reaction_robot import ReactionRobot, create


class Host:
    """Speaks to an arm byte by byte and waits as long as the arm says."""

    def __init__(self, **options: float) -> None:
        self.world: ReactionRobot = create(0, options)
        arm = self.world.emulators["arm"]
        assert isinstance(arm, RobotArmEmulator)
        self.arm = arm
        self.now = 1.0
        self.sequence = 0

    def say(self, frame: bytes) -> tuple[str, ...]:
        answers = self.arm.receive(frame, self.now)
        assert len(answers) == 1
        answer = protocol.parse(answers[0][1])
        return (answer.kind, *answer.words)

    def order(self, verb: str, *args: str) -> str:
        """Return ``ACK`` once it is done, or the code with which it was refused."""
        self.sequence += 1
        _, word, detail = self.say(protocol.command(self.sequence, verb, *args))
        if word == "NAK":
            return detail
        self.now += int(detail) / 1000 + 0.001
        assert self.say(protocol.query("SEQ", f"{self.sequence:04d}"))[2] == "DONE"
        return word

    def status(self) -> protocol.Status:
        return protocol.parse_status(self.arm.receive(protocol.query("STATUS"), self.now)[0][1])

    def events(self, name: str) -> int:
        return sum(event.event == name for event in self.world.truth.events)


@pytest.fixture
def host() -> Host:
    fresh = Host()
    assert fresh.order("HOME") == "ACK"
    return fresh


def test_nothing_but_home_is_done_before_home():
    fresh = Host()
    assert fresh.status().state == "UNHOMED"
    assert fresh.order("TIP") == "E10"
    assert fresh.order("HOME") == "ACK"
    assert fresh.order("TIP") == "ACK"


@pytest.mark.parametrize(
    ("before", "order", "code"),
    [
        ([], ("ASP", "DMAc", "10.0"), "E30"),
        ([], ("DSP", "cup_1", "10.0"), "E30"),
        ([], ("DROP",), "E30"),
        ([("TIP",)], ("TIP",), "E31"),
        ([("TIP",)], ("ASP", "DMAc", "1000.1"), "E33"),
        ([("TIP",)], ("ASP", "cup_1", "1.0"), "E34"),
        ([("TIP",), ("ASP", "DMAc", "400.0")], ("DSP", "cup_1", "301.0"), "E35"),
        ([("TIP",), ("ASP", "DMAc", "10.0")], ("DSP", "cup_1", "11.0"), "E36"),
        ([("TIP",), ("ASP", "DMAc", "10.0")], ("PUT", "hotplate_1"), "E37"),
        ([("TIP",)], ("PUT", "hotplate_1"), "E31"),
        ([("TIP",)], ("ASP", "hotplate_1", "1.0"), "E24"),
        ([], ("TAKE", "hotplate_1"), "E24"),
        ([("PUT", "hotplate_1")], ("PUT", "hotplate_1"), "E23"),
        ([], ("PUT", "DMAc"), "E22"),
        ([], ("MOVE", "nowhere"), "E22"),
        ([], ("GOTO", "900.0", "0.0", "300.0"), "E20"),
        ([], ("GOTO", "50.0", "0.0", "300.0"), "E20"),
        ([], ("GOTO", "300.0", "0.0", "460.0"), "E20"),
        ([("MOVE", "hotplate_1")], ("GOTO", "500.0", "-140.0", "130.0"), "E21"),
        ([("GOTO", "400.0", "-140.0", "100.0")], ("GOTO", "600.0", "-140.0", "100.0"), "E21"),
        ([("TIP",)], ("GOTO", "300.0", "50.0", "50.0"), "E21"),
        ([], ("ASP", "DMAc"), "E03"),
        ([], ("ASP", "DMAc", "nan"), "E03"),
        ([("TIP",)], ("ASP", "DMAc", "-1.0"), "E03"),
        ([], ("DANCE",), "E02"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_code_and_nothing_moves(host, before, order, code):
    for earlier in before:
        assert host.order(*earlier) == "ACK"
    stood = host.status()
    assert host.order(*order) == code
    assert host.status() == stood


def test_racks_run_empty():
    few = Host(tips=1, vials=1)
    few.order("HOME")
    assert [few.order("TIP"), few.order("DROP"), few.order("TIP")] == ["ACK", "ACK", "E32"]
    assert [few.order("PUT", "hotplate_1"), few.order("PUT", "hotplate_2")] == ["ACK", "E38"]


def test_a_way_over_the_obstacle_is_free(host):
    assert host.order("GOTO", "400.0", "-140.0", "100.0") == "ACK"
    assert host.order("GOTO", "400.0", "-140.0", "200.0") == "ACK"
    assert host.order("GOTO", "600.0", "-140.0", "200.0") == "ACK"


def test_volumes_are_kept_count_of(host):
    for order in (("TIP",), ("ASP", "DMAc", "30.0"), ("DSP", "cup_1", "12.5")):
        assert host.order(*order) == "ACK"
    assert host.status().volume == 17.5
    cup = host.world.deck.slots["cup_1"].vessel
    assert cup is not None
    assert cup.volume() == pytest.approx(12.5)


def test_the_same_number_again_is_acknowledged_and_not_done_again(host):
    host.order("TIP")
    frame = protocol.command(50, "ASP", "DMAc", "100.0")
    first = host.say(frame)
    assert first[:2] == ("0050", "ACK")
    host.now += 0.1
    again = host.say(frame)
    assert again[:2] == ("0050", "ACK")
    assert int(again[2]) < int(first[2])
    host.now += 60.0
    assert host.say(frame) == ("0050", "ACK", "0")
    assert host.events("aspirated") == 1
    assert host.status().volume == 100.0


def test_the_same_number_with_another_command_is_refused(host):
    host.say(protocol.command(50, "MOVE", "DMAc"))
    assert host.say(protocol.command(50, "MOVE", "BuCN")) == ("0050", "NAK", "E05")


def test_a_busy_arm_refuses_and_says_how_long(host):
    host.say(protocol.command(50, "TIP"))
    assert host.say(protocol.command(51, "DROP")) == ("0051", "NAK", "E11")
    assert host.say(protocol.query("SEQ", "0050"))[2] == "BUSY"
    assert host.say(protocol.query("SEQ", "0051")) == ("SEQ", "0051", "UNKNOWN")


def test_a_stopped_command_has_done_nothing_and_says_so(host):
    host.say(protocol.command(50, "TIP"))
    host.now += 0.2
    assert host.say(protocol.STOP) == ("STOP", "OK")
    host.now += 60.0
    assert host.say(protocol.query("SEQ", "0050")) == ("SEQ", "0050", "FAIL", "E40")
    assert not host.status().tip


def test_a_power_cycle_forgets_numbers_but_a_repeat_is_still_not_done_twice(host):
    frame = protocol.command(50, "TIP")
    host.say(frame)
    host.now += 60.0
    host.arm.power_cycle(host.now)
    assert host.say(protocol.query("LAST")) == ("LAST", "0000", "2")
    assert host.say(frame) == ("0050", "NAK", "E10")
    assert host.events("tip_picked") == 1


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=150), st.sampled_from(["STATUS", "LAST", "ID"]))
def test_noise_never_crashes_the_arm_and_the_next_frame_is_answered(noise, verb):
    host = Host()
    host.arm.receive(noise, 1.0)
    host.arm.receive(b"\r\n", 1.0)
    assert host.say(protocol.query(verb))[0] == verb


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_command_is_never_done(data):
    host = Host()
    frame = bytearray(protocol.command(1, "HOME"))
    frame[data.draw(st.integers(0, len(frame) - 3))] ^= 1 << data.draw(st.integers(0, 7))
    host.arm.receive(bytes(frame), 1.0)
    host.arm.receive(b"\r\n", 1.0)
    assert host.events("accepted") == 0
    assert host.say(protocol.query("SEQ", "0001")) == ("SEQ", "0001", "UNKNOWN")
