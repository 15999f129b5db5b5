"""A doser on a socket whose truth outlives whoever drives it, and a campaign of three actions.

The frame of each action holds the dose of its experiment, and no two experiments have the same
one: so the doser's own log tells which action of which experiment was carried out, and how often.
"""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from labloop.errors import ProtocolError
from labloop.lab import Arg, Device, action, until
from labloop.records import ActionState, DeviceIdentity
from labloop_simulators.kit import Emulator, Reply, TruthLog, serve_world

VERBS = ("put", "heat", "rinse")
"""The actions of one experiment, in their order."""
_LINE = until(b"\n")
Dose = Annotated[float, Arg("mL", ge=0, le=100)]


def token(dose: float) -> str:
    """Return a dose as frames and truth have it."""
    return f"{dose:.9g}"


class Doser(Device):
    """Puts, heats and rinses a dose."""

    model = "DOSER"

    async def identify(self) -> DeviceIdentity:
        """Ask who answers."""
        number = (await self._ask("WHO")).decode("ascii")
        return DeviceIdentity(device=self.name, model=self.model, serial_number=number)

    @action
    async def put(self, dose: Dose) -> None:
        """Put a dose."""
        await self._done(f"PUT {token(dose)}")

    @action
    async def heat(self, dose: Dose) -> None:
        """Heat what was put."""
        await self._done(f"HEAT {token(dose)}")

    @action
    async def rinse(self, dose: Dose) -> None:
        """Rinse."""
        await self._done(f"RINSE {token(dose)}")

    async def safe_state(self) -> None:
        """Stop everything."""
        await self._done("SAFE")

    async def _ask(self, frame: str) -> bytes:
        answer = await self.transport.exchange(f"{frame}\n".encode(), complete=_LINE, timeout=5.0)
        return answer.strip()

    async def _done(self, frame: str) -> None:
        if (answer := await self._ask(frame)) != b"OK":
            raise ProtocolError(f"{self.name} answered {answer!r} to {frame} where OK was due")


class TellingDoser(Doser):
    """The same doser, told the id of each action: it keeps them, and can be asked."""

    async def executed(self, action_id: str) -> ActionState:
        """Ask whether an action was carried out."""
        answer = await self._ask(f"DID {action_id}")
        return ActionState.DONE if answer == b"YES" else ActionState.NOT_SENT

    async def _done(self, frame: str) -> None:
        await super()._done(f"{frame} {self.action_id}".rstrip())


class DoserEmulator(Emulator):
    """The doser's own side of the line: it notes what it does, and may kill who asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__("doser", TruthLog())
        self._folder = folder

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
        said = frame.decode("ascii").strip()
        if said == "WHO":
            return f"{serial_of(self._folder)}\n".encode()
        if said.startswith("DID "):
            return b"YES\n" if said.removeprefix("DID ") in ids_done(self._folder) else b"NO\n"
        with (self._folder / "truth.txt").open("a", encoding="ascii") as file:
            file.write(f"{said}\n")
        if said != "SAFE":
            self._kill()
        return b"OK\n"

    def _kill(self) -> None:
        """Kill the program that was named, at the frame that was named, before any answer."""
        named = self._folder / "victim"
        with suppress(OSError, ValueError):
            pid, left = (int(word) for word in named.read_text(encoding="ascii").split())
            if left > 1:
                named.write_text(f"{pid} {left - 1}", encoding="ascii")
                return
            named.unlink()
            os.kill(pid, signal.SIGKILL)


def serial_of(folder: Path) -> str:
    """Return the serial number: each trial has a doser of its own."""
    return f"SN-{folder.name}"


def keep_truth(folder: Path) -> None:
    """Serve the doser for ever."""
    with serve_world({"doser": DoserEmulator(folder)}) as urls:
        part = folder / "urls.part"
        part.write_text(json.dumps(dict(urls)), encoding="ascii")
        part.replace(folder / "urls.json")
        while True:
            time.sleep(3600)


LAB = """
[lab]
name = "doser"

[watchdog]
off_because = "every kill of this trial is judged by the doser itself"

[devices.doser]
driver = "benchmarks.durability.doser:{driver}"
url = "{url}"
serial_number = "{serial}"

[devices.doser.limits]
"put.dose" = {{ min = "0 mL", max = "100 mL" }}
"heat.dose" = {{ min = "0 mL", max = "100 mL" }}
"rinse.dose" = {{ min = "0 mL", max = "100 mL" }}
"""
CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, FailurePolicy, Maximize, Scalar, SearchSpace

async def dose(lab, x):
    await lab.doser.put(x.dose)
    await lab.doser.heat(x.dose)
    await lab.doser.rinse(x.dose)
    return {{"y": x.dose.magnitude}}

campaign = CampaignSpec(
    "kills", SearchSpace(Continuous("dose", 1, 99, unit="mL")), outputs=[Scalar("y")],
    objective=Maximize("y"), procedure=dose, lab="{lab}", strategy="random", seed={seed},
    failures=FailurePolicy(on_uncertain="continue", on_restart="{on_restart}"),
    budget=Budget(experiments={experiments}),
)
"""


def write_campaign(
    folder: Path,
    url: str,
    *,
    seed: int,
    experiments: int,
    lab: str = "lab.toml",
    tells: bool = False,
) -> Path:
    """Write campaign and lab file; return the campaign file.

    Args:
        folder: in which both are written.
        url: of the doser.
        seed: of the campaign.
        experiments: its budget.
        lab: of the campaign; may be a host.
        tells: whether the doser can be asked what it did. The campaign then abandons what was cut
            off and of which all is known.
    """
    driver = TellingDoser if tells else Doser
    lab_file = LAB.format(url=url, serial=serial_of(folder), driver=driver.__name__)
    (folder / "lab.toml").write_text(lab_file, encoding="utf-8")
    file = folder / "campaign.py"
    file.write_text(
        CAMPAIGN.format(
            seed=seed,
            experiments=experiments,
            lab=lab,
            on_restart="abandon" if tells else "ask",
        ),
        encoding="utf-8",
    )
    return file


def carried_out(folder: Path) -> Mapping[tuple[str, str], int]:
    """Return (verb, dose) -> how often the doser did it."""
    return Counter((verb.lower(), dose) for verb, dose, *_ in _told(folder))


def ids_done(folder: Path) -> set[str]:
    """Return the ids of the actions that the doser did, where it was told any."""
    return {words[2] for words in _told(folder) if len(words) > 2}


def _told(folder: Path) -> list[list[str]]:
    """Return the words of everything that the doser did but for its safe states."""
    truth = folder / "truth.txt"
    lines = truth.read_text(encoding="ascii").splitlines() if truth.exists() else []
    return [line.split() for line in lines if line != "SAFE"]
