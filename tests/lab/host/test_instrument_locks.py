"""Promise: an instrument has one master on its machine, whatever database a campaign is kept in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab_toys import Toy, ToyWorld, toy_host

from labloop.errors import LeaseError
from labloop.lab import lab_file_of
from labloop.lab.host.instrument_locks import InstrumentLocks
from labloop.lab.process.platform import lock_folder, open_for_all
from labloop.lab.transports import line_key
from labloop.records import Mode
from labloop.units import quantity
from labloop_simulators.kit import serve_tcp, serve_world

HOLDS = """
import sys
sys.path[:0] = sys.argv[1:3]
from test_instrument_locks import locks
locks(sys.argv[3]).take()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Let each test have its own machine."""
    monkeypatch.setenv("LABLOOP_LOCKS", str(tmp_path / "locks"))
    return tmp_path / "locks"


class Mute(Toy):
    serial_on_wire = False


def locks(*urls, serial="7", user="anna", driver=Toy):
    devices = {
        f"d{n}": {
            "driver": "lab_toys:Toy",
            "url": url,
            "serial_number": serial,
            "options": {"address": n},
        }
        for n, url in enumerate(urls)
    }
    lab_file = lab_file_of({"lab": {"name": "one"}, "devices": devices})
    return InstrumentLocks(lab_file, dict.fromkeys(devices, driver), user, "campaign c")


def real_host(urls, **options):
    devices = {
        name: {
            "driver": "lab_toys:Toy",
            "url": url,
            "serial_number": f"T-{name}",
            "limits": {"set_value.rate": {"max": "20 mL/min"}},
        }
        for name, url in urls.items()
    }
    return toy_host(*urls, mode=Mode.REAL, tables={"devices": devices}, **options)


def test_a_second_lab_is_refused_and_touches_nothing():
    """The first one's pump runs on: not a byte came from the second, no safe state either."""
    world = ToyWorld("a", "b", baud=None)
    with serve_world(world.emulators) as urls, real_host(urls, purpose="campaign first") as first:
        first.call(lambda lab: lab.b.set_value(quantity(3, "mL/min")))
        frames = len(world.truth.frames)
        told = (
            r"b \(serial number T-b\) is driven by labloop \(process \d+ for campaign first, since "
        )
        with pytest.raises(LeaseError, match=told), real_host({"b": urls["b"]}):
            raise AssertionError("two masters")
        assert len(world.truth.frames) == frames
        assert world.emulators["b"].value == 3.0
        first.call(lambda lab: lab.b.set_value(quantity(4, "mL/min")))


def test_a_lab_that_has_ended_is_free_again():
    """Held until after the safe state, and not longer."""
    world = ToyWorld("a", baud=None)
    with serve_tcp(world.emulators["a"]) as url:
        for _ in range(2):
            with real_host({"a": url}) as host:
                pass
            assert host.report.safe == ["a"]


def test_a_lab_that_cannot_be_opened_keeps_nothing():
    """Who failed to connect bars nobody."""
    world = ToyWorld("a", baud=None)
    with serve_tcp(world.emulators["a"]) as url:
        world.emulators["a"].serial_number = "other"
        with pytest.raises(Exception, match="T-a"):
            real_host({"a": url}).__enter__()
        locks(url).take()


def test_one_line_is_one_whatever_it_is_called(tmp_path):
    """COM3 in its three spellings, a link and its node, the loopback's names, a query."""
    node, link = tmp_path / "ttyUSB0", tmp_path / "usb-FTDI-if00"
    node.touch()
    link.symlink_to(node)
    alike = [
        ("serial://COM3", "serial://com3?baud=19200", "serial://\\\\.\\COM3"),
        (f"serial://{link}", f"serial://{node}?mode=7E1"),
        ("socket://localhost:5025", "socket://127.0.0.1:5025", "rfc2217://LOCALHOST:5025"),
        ("socket://Bath.lab:4001", "socket://bath.LAB:4001"),
    ]
    keys = [{line_key(url) for url in urls} for urls in alike]
    assert [len(found) for found in keys] == [1, 1, 1, 1]
    assert len(set.union(*keys)) == 4
    assert line_key("serial://COM4") != line_key("serial://COM3")
    assert line_key("replay://frames.jsonl") == ""


def test_one_instrument_is_one_at_whatever_end_of_a_cable():
    """Moved to another port, its serial number tells; another number on another port is free."""
    held = locks("serial://COM3")
    held.take()
    with pytest.raises(LeaseError, match="serial number 7"):
        locks("serial://COM4").take()
    locks("serial://COM4", serial="8").take()
    held.release()
    locks("serial://COM5").take()


def test_a_number_that_the_wire_does_not_tell_names_no_instrument():
    """Two plates that tell none are both noted as "seen"; their lines keep them apart."""
    locks("serial://COM3", serial="seen", driver=Mute).take()
    locks("serial://COM4", serial="seen", driver=Mute).take()
    with pytest.raises(LeaseError, match="d0 at serial://COM3"):
        locks("serial://COM3", serial="other", driver=Mute).take()


def test_two_devices_of_one_lab_share_its_line():
    """One lab is one master: an RS-485 line with two pumps is held once."""
    both = locks("serial://COM3", "serial://COM3?baud=9600")
    both.take()
    with pytest.raises(LeaseError, match="by anna"):
        locks("serial://COM3", serial="9", user="bob").take()
    both.release()
    both.release()


def test_who_is_refused_keeps_nothing():
    """The free ones of a lab that was refused are still free."""
    held = locks("serial://COM3")
    held.take()
    with pytest.raises(LeaseError):
        locks("serial://COM1", "serial://COM3", "serial://COM9", serial="8").take()
    locks("serial://COM1", "serial://COM9", serial="8").take()


def test_a_killed_process_frees_its_instruments(tmp_path):
    """No stale lock, and no person has to remove a file."""
    folders = map(str, (Path(__file__).parents[1], Path(__file__).parent))
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, *folders, "serial://COM3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LeaseError, match=rf"process {process.pid} for campaign c"):
            locks("serial://COM3").take()
        process.kill()
        process.wait()
        locks("serial://COM3").take()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_holds_nothing():
    """A worker that outlives its parent does not bar the instruments."""
    held = locks("serial://COM3")
    held.take()
    handles = list(held._handles)
    child = os.fork()
    if not child:
        still = [handle for handle in handles if _is_open(handle)]
        os._exit(len(still))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    with pytest.raises(LeaseError):
        locks("serial://COM3").take()
    held.release()
    locks("serial://COM3").take()


def _is_open(handle):
    try:
        os.fstat(handle)
    except OSError:
        return False
    return True


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_every_user_may_lock(folder):
    """Whoever comes first does not shut the others out, and nobody removes another's file."""
    before = os.umask(0o077)
    try:
        held = locks("serial://COM3")
        held.take()
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o7777 == 0o1777
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o666}
    held.release()


def test_a_link_is_no_lock(folder, tmp_path):
    """Nobody lets another user's program write into a file of his choice."""
    if os.name != "posix":
        pytest.skip("links need rights there")
    other = tmp_path / "other"
    other.write_text("mine")
    folder.mkdir()
    (folder / "x.lock").symlink_to(other)
    with pytest.raises(OSError, match="symbolic"):
        open_for_all(folder / "x.lock")


def test_a_folder_that_cannot_be_used_is_told(tmp_path, monkeypatch):
    """The sentence names the file and the way out; no instrument is driven without a lock."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("LABLOOP_LOCKS", str(tmp_path / "file" / "in-it"))
    with pytest.raises(LeaseError, match=r"cannot be opened: .*another folder in LABLOOP_LOCKS"):
        locks("serial://COM3").take()


def test_all_users_look_in_one_folder(monkeypatch):
    """What a user sets for temporary files does not change where the machine's locks are."""
    before = lock_folder()
    monkeypatch.setenv("TMPDIR", "/somewhere/else")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    assert lock_folder() == before
    assert before.name == ("labloop" if os.name == "posix" else "locks")
