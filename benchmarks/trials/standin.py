"""A small lab for the trials of ends: four ovens, whose truth is kept by a process of their own.

An oven is on from ``ON`` to ``OFF`` or ``SAFE``. Every frame that changes something is appended
to a file at once, so that the truth outlives whoever drives the ovens.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from benchmarks.trials import _platform
from labloop.errors import ProtocolError
from labloop.lab import Arg, Device, action, read, until
from labloop.records import DeviceIdentity, Reading
from labloop_simulators.kit import Emulator, Reply, TruthLog

NAMES = ("oven1", "oven2", "oven3", "oven4")
_LINE = until(b"\n")


class Oven(Device):
    """Heats a sample for as long as it is told."""

    model = "OVEN"
    safe_seconds = 4.0

    async def identify(self) -> DeviceIdentity:
        """Ask who answers."""
        answer = await self._ask(b"WHO\n")
        number = answer.removeprefix(b"OVEN,").decode("ascii", "replace")
        return DeviceIdentity(device=self.name, model=self.model, serial_number=number)

    @action(timeout=10.0)
    async def switch_on(self) -> None:
        """Begin to heat."""
        await self._done(b"ON\n")

    @action(timeout=60.0)
    async def bake(self, time: Annotated[float, Arg("s", ge=0, le=60)]) -> None:
        """Bake; it answers when it is done."""
        await self._done(f"BAKE {time:g}\n".encode(), at_most=time + 5.0)

    @action(idempotent=True, timeout=10.0)
    async def switch_off(self) -> None:
        """End to heat."""
        await self._done(b"OFF\n")

    @read
    async def temperature(self) -> Reading:
        """Return the temperature."""
        return self.reading(float(await self._ask(b"TEMP\n")), "degC", "temperature")

    async def safe_state(self) -> None:
        """Switch the heater off, whatever it does."""
        await self._done(b"SAFE\n")

    async def _ask(self, frame: bytes, at_most: float = 2.0) -> bytes:
        answer = await self.transport.exchange(frame, complete=_LINE, timeout=at_most)
        return answer.strip()

    async def _done(self, frame: bytes, at_most: float = 2.0) -> None:
        answer = await self._ask(frame, at_most)
        if answer != b"OK":
            raise ProtocolError(f"{self.name} answered {answer!r} where OK was due")


def serial_of(name: str, folder: Path) -> str:
    """Return the serial number of an oven: each trial has ovens of its own on the machine."""
    return f"SN-{name}-{folder.name}"


class OvenEmulator(Emulator):
    """The oven's own side of the line."""

    def __init__(self, name: str, folder: Path, note: Callable[[str], object]) -> None:
        super().__init__(name, TruthLog())
        self.serial_number = serial_of(name, folder)
        self._note = note
        self.dead = False

    def split(self, buffer: bytearray) -> bytes | None:
        """Take a line."""
        end = buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Note what is told, and answer."""
        del now
        words = frame.decode("ascii", "replace").split()
        if self.dead or not words:
            return None
        if words[0] == "WHO":
            return f"OVEN,{self.serial_number}\n".encode()
        if words[0] == "TEMP":
            return b"80.0\n"
        self._note(f"{self.name} {words[0]}")
        if words[0] == "BAKE":
            # Other questions are answered meanwhile, as by an oven that bakes by itself.
            return Reply(b"OK\n", float(words[1]), meanwhile=True)
        return b"OK\n"


def keep_truth(folder: Path, line: str) -> None:
    """Serve the ovens for ever; be the process that knows what physically happened.

    Where the file ``dead`` appears in ``folder``, the oven that it names is unplugged.
    """
    truth, dead = folder / "truth.txt", folder / "dead"

    def note(what: str) -> None:
        with truth.open("a", encoding="ascii") as file:
            file.write(f"{time.monotonic():.3f} {what}\n")

    ovens = {name: OvenEmulator(name, folder, note) for name in NAMES}

    def told(urls: Mapping[str, str]) -> None:
        part = folder / "urls.part"
        part.write_text(json.dumps(dict(urls)), encoding="ascii")
        part.replace(folder / "urls.json")

    def look() -> None:
        if dead.exists():
            ovens[dead.read_text(encoding="ascii")].dead = True

    _platform.serve(ovens, line, told, look)


LAB = """
[lab]
name = "ovens"
safe_order = ["oven1", "oven2", "oven3", "oven4"]

[stations.oven]
names = ["oven1", "oven2", "oven3", "oven4"]
"""
_DEVICE = """
[devices.{name}]
driver = "benchmarks.trials.standin:Oven"
url = "{url}"
serial_number = "{serial}"

[devices.{name}.limits]
"bake.time" = {{ min = "0 s", max = "30 s" }}
"""
CAMPAIGN = '''
import sys

from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace, quantity
from labloop.records import Proposal, ProposalBatch

WAY, KIND = {way!r}, {kind!r}


def leave():
    if KIND == "exit":
        sys.exit(0)
    if KIND == "interrupt":
        raise KeyboardInterrupt
    raise ValueError("on purpose")


async def bake(lab, x):
    async with lab.any("oven") as name:
        oven = getattr(lab, name)
        await oven.switch_on()
        await oven.bake(x.time)
        if WAY == "procedure":
            leave()
        await oven.temperature()
        if WAY not in {{"analysis", "strategy"}}:
            await oven.switch_off()
        return {{"y": x.time.to("s").magnitude}}


def analyse(raw):
    if WAY == "analysis":
        leave()
    return {{"y": raw["y"]}}


class Steps:
    """Proposes one point after another, and leaves where that is the trial."""

    name = "steps"

    def propose(self, space, objective, data, pending, n, seed):
        done = len(data.observations)
        if WAY == "strategy" and done:
            leave()
        points = [{{"time": 0.5 + 0.1 * ((done + len(pending) + i) % 20)}} for i in range(n)]
        return ProposalBatch(tuple(Proposal(point, self.name, "the next one") for point in points))


campaign = CampaignSpec(
    "ends", SearchSpace(Continuous("time", 0.5, 2.5, unit="s")), outputs=[Scalar("y")],
    objective=Maximize("y"), procedure=bake, analyse=analyse, lab="lab.toml", strategy=Steps(),
    batch=4, parallel=4, asynchronous=True, seed=1, budget=Budget(experiments={experiments}),
)
'''


def write_campaign(folder: Path, urls: Mapping[str, str], **given: Any) -> None:
    """Write the campaign of one trial: ``way`` and ``kind`` of its end, ``experiments``."""
    devices = "".join(
        _DEVICE.format(name=name, url=urls[name], serial=serial_of(name, folder)) for name in NAMES
    )
    (folder / "lab.toml").write_text(LAB + devices, encoding="utf-8")
    (folder / "campaign.py").write_text(CAMPAIGN.format(**given), encoding="utf-8")


def is_on(truth: Path) -> dict[str, bool]:
    """Return oven -> whether it was left on, of every oven that was ever told anything."""
    left = {}
    for line in _lines(truth):
        _, name, what = line.split()
        left[name] = what in {"ON", "BAKE"}
    return left


def baking(truth: Path) -> int:
    """Return how many ovens bake, or have baked."""
    return len({line.split()[1] for line in _lines(truth) if line.endswith(" BAKE")})


def last_safe(truth: Path) -> float:
    """Return second of the monotonic clock of the last safe state; 0 where there was none."""
    return max(
        (float(line.split()[0]) for line in _lines(truth) if line.endswith("SAFE")), default=0
    )


def _lines(truth: Path) -> list[str]:
    return truth.read_text(encoding="ascii").splitlines() if truth.exists() else []
