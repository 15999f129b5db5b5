"""What each command of a New Era pump does."""

from collections.abc import Callable

from labloop_simulators.bodies.syringe import Syringe
from labloop_simulators.instruments.new_era._numbers import UNITS, show
from labloop_simulators.instruments.new_era._program import Program

Action = Callable[[str, str, float], str]
"""Takes number and word behind the command and the time; returns the data of the answer."""

_FUNCTIONS = {"RAT": None, "STP": None, "LPS": None, "CLD": None, "BEP": None}
_NUMBERED = {"JMP": range(1, 42), "PAS": range(100), "LOP": range(1, 100), "OUT": range(2)}
"""Phase functions, those that need no number and those that do."""
_TRIGGERS = frozenset(
    ["FT", "FH", "F2", "LE", "ST", "T2", "SP", "P2", "RL", "RH", "SL", "SH", "EL", "EH"]
)


class Commands:
    """The commands that act on motor, program and settings.

    Args:
        syringe: the mechanics.
        record: notes in the truth log what happened: (time, event, value by name).
        changed: is told the time at which the flow changed.
    """

    def __init__(
        self,
        syringe: Syringe,
        record: Callable[..., None],
        changed: Callable[[float], None],
    ) -> None:
        self.syringe = syringe
        self.program = Program(syringe)
        self._record = record
        self._changed = changed
        self._switches = {"AL": "1", "BP": "1", "LN": "0", "PF": "0", "LOC": "0"}
        self._trigger, self._buzzer, self._output = "FT", "0", "0"
        self.plain: dict[str, Action] = {
            "DIA": self._diameter,
            "RAT": self._rate,
            "VOL": self._volume,
            "DIR": self._direction,
            "STP": self._stop,
            "DIS": self._dispensed,
            "CLD": self._clear,
            "PUR": self._purge,
            "PHN": self._phase_number,
            "TRG": self._trigger_mode,
            "RUN": self._run,
            "FUN": self._function,
            "IN": self._input,
        }
        """Commands whose argument is a number, a word or both."""
        self.raw: dict[str, Action] = {"BUZ": self._buzz, "OUT": self._level}
        """Commands whose argument is taken as it is, as the word."""
        for name in self._switches:
            self.plain[name] = self._switch(name)

    def reset(self) -> None:
        """Forget the program, as ``*RESET`` does."""
        self.program.clear()
        self.syringe.target = 0.0

    def _diameter(self, number: str, word: str, now: float) -> str:
        if not number and not word:
            return show(self.syringe.diameter)
        if self.syringe.running:
            return "?NA"
        if not number or word or not self.syringe.set_diameter(float(number)):
            return "?OOR"
        self._record(now, "diameter", value=float(number))
        return ""

    def _rate(self, number: str, word: str, now: float) -> str:
        syringe = self.syringe
        if not number and not word:
            return show(syringe.rate / UNITS[syringe.rate_unit]) + syringe.rate_unit
        if not number or word not in {"", *UNITS}:
            return "?"
        if syringe.letter == "X" or (word and syringe.running):
            return "?NA"
        unit = word or syringe.rate_unit
        if not syringe.set_rate(float(number) * UNITS[unit], unit, now):
            return "?OOR"
        self._record(now, "rate", value=syringe.rate)
        if syringe.running:
            self._changed(now)
        return ""

    def _volume(self, number: str, word: str, now: float) -> str:
        syringe = self.syringe
        if not number and not word:
            return show(syringe.target / syringe.unit_volume) + syringe.volume_unit
        if syringe.running:
            return "?NA"
        if word in {"UL", "ML"} and not number:
            syringe.set_unit(word)
        elif word:
            return "?"
        else:
            syringe.target = float(number) * syringe.unit_volume
            self._record(now, "target", value=syringe.target)
        return ""

    def _direction(self, number: str, word: str, now: float) -> str:
        syringe = self.syringe
        if not word:
            return "INF" if syringe.sign > 0 else "WDR"
        if number or word not in {"INF", "WDR", "REV"}:
            return "?"
        if syringe.letter == "X" or (syringe.running and syringe.target > 0):
            return "?NA"
        turned = -syringe.sign if word == "REV" else {"INF": 1.0, "WDR": -1.0}[word]
        syringe.turn(turned, now)
        self._record(now, "direction", value=turned)
        if syringe.running:
            self._changed(now)
        return ""

    def _run(self, number: str, word: str, now: float) -> str:
        syringe = self.syringe
        if word:
            return "?"
        if syringe.running:
            return "?NA"
        phase = int(float(number)) if number else 1
        if not 1 <= phase <= 41:
            return "?OOR"
        if syringe.letter == "P" and not number:
            error = "" if syringe.start(now) else "?OOR"
        else:
            syringe.letter = "S"
            error = self.program.begin(phase, now)
        if not error:
            self._record(now, "run", rate=syringe.flow)
            self._changed(now)
        return error if error[:1] in {"", "?"} else "?NA"

    def _purge(self, number: str, word: str, now: float) -> str:
        if number or word:
            return "?"
        if self.syringe.letter not in "SP":
            return "?NA"
        self.program.end()
        self.syringe.purge(now)
        self._record(now, "run", rate=self.syringe.flow)
        self._changed(now)
        return ""

    def _stop(self, number: str, word: str, now: float) -> str:
        syringe = self.syringe
        if number or word:
            return "?"
        purging = syringe.letter == "X"
        if not syringe.running:
            # A second STP ends the program that the first one paused.
            syringe.letter = "S"
            self.program.end()
            return ""
        syringe.stop(now)
        syringe.letter = "S" if purging else "P"
        self._record(now, "stop", why="command")
        self._changed(now)
        return ""

    def _dispensed(self, _number: str, _word: str, now: float) -> str:
        syringe = self.syringe
        infused, withdrawn = syringe.volumes(now)
        unit = syringe.unit_volume
        return f"I{show(infused / unit)}W{show(withdrawn / unit)}{syringe.volume_unit}"

    def _clear(self, _number: str, word: str, now: float) -> str:
        if self.syringe.running:
            return "?NA"
        if word not in {"INF", "WDR"}:
            return "?"
        self.syringe.clear(word, now)
        return ""

    def _phase_number(self, number: str, word: str, _now: float) -> str:
        if word:
            return "?"
        if not number:
            return f"{self.program.selected:02d}"
        if self.syringe.running:
            return "?NA"
        return "" if self.program.select(int(float(number))) else "?OOR"

    def _function(self, number: str, word: str, _now: float) -> str:
        """Take ``FUNRAT``, ``FUNPAS10`` and their like: the number stands behind the word."""
        phase = self.program.phases[self.program.selected - 1]
        if not number and not word:
            needs = phase.function in _NUMBERED
            return phase.function + (f"{phase.number:02d}" if needs else "")
        name, count = word[:3], word[3:]
        if number or (name not in _FUNCTIONS and name not in _NUMBERED):
            return "?"
        if self.syringe.running:
            return "?NA"
        if name in _NUMBERED:
            if not count.isdigit() or int(count) not in _NUMBERED[name]:
                return "?OOR"
            phase.number = int(count)
        elif count:
            return "?"
        phase.function = name
        return ""

    def _switch(self, name: str) -> Action:
        def switched(number: str, word: str, _now: float) -> str:
            if not number and not word:
                return self._switches[name]
            if word or number not in {"0", "1"}:
                return "?OOR"
            self._switches[name] = number
            return ""

        return switched

    def _trigger_mode(self, number: str, word: str, _now: float) -> str:
        asked = number + word
        if not asked:
            return self._trigger
        if asked not in _TRIGGERS:
            return "?OOR"
        self._trigger = asked
        return ""

    def _input(self, number: str, word: str, _now: float) -> str:
        """Tell the level of a pin: nothing is connected, and an open one reads high."""
        return "1" if number in {"2", "3", "4", "6"} and not word else "?OOR"

    def _buzz(self, _number: str, word: str, _now: float) -> str:
        if not word:
            return self._buzzer
        if not word.isdigit() or word[0] not in "01" or len(word) > 3:
            return "?OOR"
        # With a count it beeps so often and is silent again.
        self._buzzer = word if len(word) == 1 else "0"
        return ""

    def _level(self, _number: str, word: str, _now: float) -> str:
        if word == "5":
            return self._output
        if word not in {"50", "51"}:
            return "?OOR"
        self._output = word[1]
        return ""
