"""Instruments that answer nonsense, another number or nothing: told, made safe, gone on from."""

import re
import socket
import threading

import pytest

PLAIN = ("--engine", "plain")


def with_faults(shell, text):
    """Let the emulator of the box fail."""
    path = shell.folder / "lab.toml"
    path.write_text(path.read_text().replace("world_options = {}", f"world_options = {{{text}}}"))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("garble", "box"),
        ("half", "no complete answer within 0.5 s"),
        ("drop", "no complete answer within 0.5 s"),
        ("unplug", "unplugged"),
    ],
)
def test_a_lab_that_cannot_be_opened_fails_with_the_devices_name(tiny, kind, words):
    """Two answers are spoilt; the name is taken, and the same campaign goes on later."""
    with_faults(tiny, f'faults = [["{kind}", 1], ["{kind}", 2]]')
    said = tiny.refused("run", "campaign.py", *PLAIN)
    assert "box" in said
    assert words in said
    assert '"state": "failed"' in tiny.ok("status", "tiny", "--json")
    text = (tiny.folder / "lab.toml").read_text()
    tiny.write("lab.toml", re.sub(r"world_options = .*", "world_options = {}", text))
    tiny.ok("resume", "tiny", "--changed", "campaign.py", *PLAIN)
    assert '"done": 3' in tiny.ok("status", "tiny", "--json")


def test_one_lost_answer_does_not_keep_a_lab_closed(tiny):
    """What is asked at the connect changes nothing, so it is asked once more."""
    with_faults(tiny, 'faults = [["drop", 1]]')
    tiny.ok("run", "campaign.py", *PLAIN)


class Nonsense:
    """A server of loopback that answers every line with the same bytes, or with none."""

    def __init__(self, answer):
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            with line:
                while line.recv(1000):
                    if self._answer:
                        line.sendall(self._answer)

    def close(self):
        """Close the door."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(2)


@pytest.fixture
def real(tiny, keyboard):
    """Return what runs the campaign on a real line, confirmed by a person."""

    def run(port):
        path = tiny.folder / "lab.toml"
        path.write_text(path.read_text().replace("serial://COM1", f"socket://127.0.0.1:{port}"))
        keyboard("tiny\n")
        return tiny.refused("run", "campaign.py", "--real", *PLAIN)

    return run


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"220 mail.example ready\r\n", "is this a box?"),
        (b"\xff\x00\xfe\n", "is this a box?"),
        (b"BOX B-2\n", "should have the serial number 'B-1', but 'B-2'"),
        (b"", "no complete answer"),
    ],
)
def test_a_stranger_on_a_real_line_is_not_commanded(real, answer, words):
    """Another program, another instrument, silence: refused by name before any command."""
    stranger = Nonsense(answer)
    try:
        assert words in real(stranger.port)
    finally:
        stranger.close()


def test_a_real_line_that_is_not_there_is_told(real):
    """A closed port is a sentence with the device's name and its url."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = real(port)
    assert f"socket://127.0.0.1:{port}" in said
    # The way on is one that can be typed as it stands.
    assert "go on with it by 'labloop resume tiny --real --db sqlite:" in real(port)
