"""The arm's body: what a command needs, how long it takes and what it does to the deck."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labloop_simulators.bodies.deck import SAFE_HEIGHT, TIP_LENGTH, Deck, Place, Slot
from labloop_simulators.bodies.liquids import Liquid, Vessel
from labloop_simulators.kit import TruthLog

HOME: Place = (200.0, 0.0, SAFE_HEIGHT)
TIP_CAPACITY = 1000.0
"""Microlitres."""
_TRAVEL, _LIFT = 400.0, 250.0
"""Speeds in mm/s, sideways and up or down."""
_FLOW = 150.0
"""Microlitres per second through the tip."""
_ROUNDING = 0.051
"""Half of the last digit on the wire: a volume this little above what is there is granted."""
_NUMBER = re.compile(r"-?\d{1,5}(?:\.\d{1,3})?")


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The command is not accepted; carries the code of the protocol."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Work:
    """An accepted command: how long it takes, where it ends, what it does there."""

    seconds: float
    place: Place
    slot: str | None
    effect: Callable[[float], None]


class ArmBody:
    """Position, tip and liquid of the arm above its deck."""

    def __init__(self, name: str, truth: TruthLog, deck: Deck) -> None:
        self.deck = deck
        self.homed = False
        self.place: Place = HOME
        self.slot: str | None = None
        self.tip = False
        self.liquid = Liquid()
        self.counted = 0.0
        """Microlitres in the tip as the arm counts them."""
        self._name = name
        self._truth = truth
        self._plans: dict[str, tuple[int, Callable[[Sequence[str]], Work]]] = {
            "HOME": (0, self._home),
            "MOVE": (1, self._move),
            "GOTO": (3, self._goto),
            "TIP": (0, self._pick),
            "DROP": (0, self._drop),
            "ASP": (2, self._aspirate),
            "DSP": (2, self._dispense),
            "PUT": (1, self._put),
            "TAKE": (1, self._take),
        }

    def plan(self, verb: str, args: Sequence[str], now: float) -> Work:  # noqa: ARG002 - see finish
        """Return the work that a command means; raises Refused."""
        if verb not in self._plans:
            raise Refused("E02")
        count, make = self._plans[verb]
        if len(args) != count:
            raise Refused("E03")
        if not self.homed and verb != "HOME":
            raise Refused("E10")
        return make(args)

    def finish(self, work: Work, now: float) -> None:
        """Let the work's effect happen at its end ``now``."""
        self.place, self.slot = work.place, work.slot
        work.effect(now)

    def _work(
        self, slot: str | None, place: Place, seconds: float, effect: Callable[[float], None]
    ) -> Work:
        return Work(round(seconds, 3), place, slot, effect)

    def _above(self, slot: Slot) -> tuple[Place, float]:
        """Return the place above a slot and the seconds to get there, up and over."""
        x, y, z = self.place
        sideways = math.hypot(slot.place[0] - x, slot.place[1] - y) / _TRAVEL
        place = (slot.place[0], slot.place[1], SAFE_HEIGHT)
        if not self.deck.reachable(place):
            raise Refused("E20")
        return place, (SAFE_HEIGHT - z) / _LIFT + sideways

    def _down(self, slot: Slot) -> float:
        """Return the seconds down into a slot and up again."""
        return 2 * (SAFE_HEIGHT - slot.place[2]) / _LIFT

    def _find(self, name: str) -> Slot:
        if name not in self.deck.slots:
            raise Refused("E22")
        return self.deck.slots[name]

    def _vessel(self, name: str) -> tuple[Slot, Vessel]:
        slot = self._find(name)
        if slot.vessel is None:
            raise Refused("E24")
        return slot, slot.vessel

    def _home(self, _: Sequence[str]) -> Work:
        def effect(now: float) -> None:
            self.homed = True
            self._truth.record(now, self._name, "homed")

        return self._work(None, HOME, 6.0, effect)

    def _move(self, args: Sequence[str]) -> Work:
        place, seconds = self._above(self._find(args[0]))
        return self._work(args[0], place, seconds, self._said("moved", slot=args[0]))

    def _goto(self, args: Sequence[str]) -> Work:
        x, y, z = (_number(word) for word in args)
        place = (x, y, z)
        if not self.deck.reachable(place):
            raise Refused("E20")
        hanging = TIP_LENGTH if self.tip else 0.0
        if place[2] < hanging or self.deck.collides(self.place, place, hanging) is not None:
            raise Refused("E21")
        seconds = math.dist(self.place, place) / _LIFT
        return self._work(None, place, seconds, self._said("moved", x=x, y=y, z=z))

    def _pick(self, _: Sequence[str]) -> Work:
        if self.tip:
            raise Refused("E31")
        if self.deck.tips <= 0:
            raise Refused("E32")
        rack = self._find("tips")
        place, seconds = self._above(rack)

        def effect(now: float) -> None:
            self.tip = True
            self.deck.tips -= 1
            self._truth.record(now, self._name, "tip_picked", left=self.deck.tips)

        return self._work("tips", place, seconds + self._down(rack) + 1.0, effect)

    def _drop(self, _: Sequence[str]) -> Work:
        if not self.tip:
            raise Refused("E30")
        waste = self._find("waste")
        place, seconds = self._above(waste)

        def effect(now: float) -> None:
            lost = self.liquid.volume
            self.tip, self.liquid, self.counted = False, Liquid(), 0.0
            self._truth.record(now, self._name, "tip_dropped", lost=round(lost, 6))

        return self._work("waste", place, seconds + self._down(waste) + 0.5, effect)

    def _aspirate(self, args: Sequence[str]) -> Work:
        name, volume = args[0], _volume(args[1])
        slot, vessel = self._vessel(name)
        if not self.tip:
            raise Refused("E30")
        if self.counted + volume > TIP_CAPACITY:
            raise Refused("E33")
        if vessel.volume() + _ROUNDING < volume:
            raise Refused("E34")
        place, seconds = self._above(slot)

        def effect(now: float) -> None:
            drawn = vessel.draw(volume, now)
            self.liquid.add(drawn)
            self.counted = round(self.counted + volume, 1)
            self._truth.record(
                now, self._name, "aspirated", slot=name, volume=round(drawn.volume, 6)
            )

        return self._work(name, place, seconds + self._down(slot) + volume / _FLOW, effect)

    def _dispense(self, args: Sequence[str]) -> Work:
        name, volume = args[0], _volume(args[1])
        slot, vessel = self._vessel(name)
        if not self.tip:
            raise Refused("E30")
        if self.counted + _ROUNDING < volume:
            raise Refused("E36")
        if vessel.volume() + volume > vessel.capacity:
            raise Refused("E35")
        place, seconds = self._above(slot)

        def effect(now: float) -> None:
            given = self.liquid.take(volume)
            vessel.pour(given, now)
            self.counted = max(0.0, round(self.counted - volume, 1))
            self._truth.record(
                now, self._name, "dispensed", slot=name, volume=round(given.volume, 6)
            )

        return self._work(name, place, seconds + self._down(slot) + volume / _FLOW, effect)

    def _put(self, args: Sequence[str]) -> Work:
        slot = self._find(args[0])
        new_vial = slot.new_vial
        if new_vial is None:
            raise Refused("E22")
        self._hand_is_free()
        if slot.vessel is not None:
            raise Refused("E23")
        if self.deck.vials <= 0:
            raise Refused("E38")
        rack = self._find("vials")
        _, there = self._above(rack)
        place, seconds = self._above(slot)

        def effect(now: float) -> None:
            slot.vessel = new_vial(now)
            self.deck.vials -= 1
            self._truth.record(now, self._name, "vial_placed", slot=args[0])

        spent = there + self._down(rack) + seconds + self._down(slot) + 2.0
        return self._work(args[0], place, spent, effect)

    def _take(self, args: Sequence[str]) -> Work:
        slot = self._find(args[0])
        if slot.new_vial is None:
            raise Refused("E22")
        self._hand_is_free()
        if slot.vessel is None:
            raise Refused("E24")
        waste = self._find("waste")
        _, there = self._above(slot)
        place, seconds = self._above(waste)

        def effect(now: float) -> None:
            slot.vessel = None
            self._truth.record(now, self._name, "vial_taken", slot=args[0])

        spent = there + self._down(slot) + seconds + self._down(waste) + 2.0
        return self._work("waste", place, spent, effect)

    def _hand_is_free(self) -> None:
        if self.tip:
            raise Refused("E37" if self.counted > 0 else "E31")

    def _said(self, event: str, **values: float | str) -> Callable[[float], None]:
        def effect(now: float) -> None:
            self._truth.record(now, self._name, event, **values)

        return effect


def _number(word: str) -> float:
    if _NUMBER.fullmatch(word) is None:
        raise Refused("E03")
    return float(word)


def _volume(word: str) -> float:
    volume = _number(word)
    if volume <= 0:
        raise Refused("E03")
    return volume
