"""Promise: a served run on real instruments begins only with the code at the lab's terminal."""

import os
import re
import socket
import threading
import time

import pytest

from labloop_workflows.server.one_time_codes import new_code, one_time_codes, redeem

CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

async def use(lab, x):
    await lab.box.set_level(x.level)
    return {"shown": await lab.box.show()}

campaign = CampaignSpec(
    "tiny", SearchSpace(Continuous("level", 0, 5, unit="mL")), outputs=[Scalar("shown")],
    objective=Maximize("shown"), procedure=use, lab="lab.toml", strategy="random",
    budget=Budget(experiments=1),
)
"""
LAB = """
[lab]
name = "tiny"
world = "tiny_lab:create"

[devices.box]
driver = "tiny_lab:Box"
url = "socket://127.0.0.1:{port}"
serial_number = "B-1"

[devices.box.limits]
"set_level.level" = {{ min = "0 mL", max = "8 mL" }}
"""
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def test_a_code_is_used_once_and_followed_by_another(tmp_path):
    """Typed with or without its dash and in small letters; never twice, never another's."""
    told = []
    with one_time_codes(told.append) as folder:
        first = told[0]
        assert not redeem(folder, new_code())
        assert not redeem(folder, "")
        assert redeem(folder, first.lower().replace("-", " "))
        assert not redeem(folder, first)
        until = time.monotonic() + 10
        while len(told) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert told[1] != first
        assert redeem(folder, told[1])
    assert not folder.exists()


class Instrument:
    """Somebody's instrument on the network: it only counts who connects."""

    def __init__(self):
        self.called = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            self.called += 1
            line.close()

    def close(self):
        self._socket.close()


class Terminal:
    """The lab's terminal: a real one, of which everything that was said is kept."""

    def __init__(self, place, words):
        pty = pytest.importorskip("pty")
        self._master, slave = pty.openpty()
        self.said = ""
        self.process = place.start_at(slave, *words)
        os.close(slave)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                self.said += os.read(self._master, 4096).decode(errors="replace")
            except OSError:
                return

    def type(self, text):
        """Type a line."""
        os.write(self._master, f"{text}\n".encode())

    def wait(self, pattern, seconds=120):
        """Return the first match of ``pattern`` in what was said."""
        until = time.monotonic() + seconds
        while (found := re.search(pattern, self.said)) is None:
            assert time.monotonic() < until, self.said
            time.sleep(0.1)
        return found

    def close(self):
        """End what runs there, as Ctrl-C does."""
        self.process.terminate()
        self.process.wait(30)
        os.close(self._master)


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX terminal")
def test_a_real_run_needs_the_code_at_the_terminal(place, support):
    """A wrong one: Failed with a sentence, and the instrument is not even called."""
    instrument = Instrument()
    (place.folder / "campaign.py").write_text(CAMPAIGN)
    (place.folder / "lab.toml").write_text(LAB.format(port=instrument.port))
    place.env["PYTHONPATH"] += f"{os.pathsep}{support / 'tiny_lab'}"
    terminal = Terminal(place, ("serve", "campaign.py", "--real"))
    try:
        terminal.wait("Type the campaign's name")
        terminal.type("tiny")
        code = terminal.wait(r"code\s+([0-9A-Z]{4}-[0-9A-Z]{4})")[1]
        found = _served(place)

        def run(**asked):
            body = {"parameters": {"request": {"campaign": "tiny", "real": True, **asked}}}
            made = place.post(f"deployments/{found}/create_flow_run", body)
            return _ended(place, made["id"])

        state = run(code="WRNG-CDE2")
        assert state["type"] == "FAILED"
        assert state["message"].startswith("the one-time code is wrong or was used before")
        assert instrument.called == 0
        assert not place.db.exists()
        state = run(code=code)
        assert "code" not in state["message"]
        assert instrument.called > 0
        assert terminal.wait(rf"code\s+(?!{code})[0-9A-Z]{{4}}-[0-9A-Z]{{4}}")
    finally:
        terminal.close()
        instrument.close()


def _served(place):
    until = time.monotonic() + 90
    wanted = {"deployments": {"name": {"any_": ["tiny"]}}}
    while not (rows := place.post("deployments/filter", wanted)):
        assert time.monotonic() < until
        time.sleep(0.3)
    return rows[0]["id"]


def _ended(place, run_id):
    until = time.monotonic() + 90
    while (state := place.get(f"flow_runs/{run_id}")["state"])["type"] not in ENDED:
        assert time.monotonic() < until, state
        time.sleep(0.3)
    return state
