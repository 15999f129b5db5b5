"""Promise: a transcript answers as the instrument did, and finds a driver that has changed."""

import json

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    DeviceTimeoutError,
    LabFileError,
    ProtocolError,
)
from labloop.lab import Clock, open_transport, until
from labloop.lab.time.lab_loop import LabLoop
from labloop.records import Mode
from labloop.units import quantity

LINE = until(b"\n")


def real_host(urls, **options):
    limits = {"set_value.rate": {"max": "20 mL/min"}}
    devices = {
        name: {
            "driver": "lab_toys:Toy",
            "url": url,
            "serial_number": f"T-{name}",
            "limits": limits,
        }
        for name, url in urls.items()
    }
    return toy_host(*urls, mode=Mode.REAL, tables={"devices": devices}, **options)


def on_loop(work):
    """Run ``work(clock)`` on a real loop."""
    loop = LabLoop()
    try:
        return loop.run_until_complete(work(Clock(loop)))
    finally:
        loop.close()


def test_a_transcript_is_recorded_and_replayed(tmp_path):
    """Promise: the driver against a transcript does what it did against the instrument."""

    async def work(lab):
        await lab.a.set_value(quantity(3, "mL/min"))
        return (await lab.a.value()).value

    world = ToyWorld("a")
    with toy_host("a", world=world, record=tmp_path / "rec") as host:
        assert host.call(work) == 3.0
    path = tmp_path / "rec" / "a.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {"recorded", "device", "driver"} <= set(lines[0])
    assert set(lines[1]) == {"t_ns", "dir", "hex"}
    assert [bytes.fromhex(line["hex"]) for line in lines[1:] if line["dir"] == ">"][-3:] == [
        b"SET 3.000\n",
        b"GET\n",
        b"SAFE\n",
    ]
    with real_host({"a": f"replay://{path}"}) as host:
        assert host.call(work) == 3.0
    assert host.report.safe == ["a"]


def test_a_driver_that_has_changed_does_not_fit_its_transcript(tmp_path):
    """Promise: the sentence has what was recorded and what was sent."""
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"t_ns": 0, "dir": ">", "hex": "4944"}\n{"t_ns": 1, "dir": "<", "hex": "41"}\n'
    )

    async def ask(clock):
        transport = open_transport(f"replay://{path}", clock)
        with pytest.raises(DeviceTimeoutError, match="no complete answer was recorded"):
            await transport.exchange(b"ID", complete=LINE)
        await transport.drain()
        with pytest.raises(ProtocolError, match=r"has None next, but b'GET' was sent"):
            await transport.send(b"GET")
        await transport.close()

    on_loop(ask)


@pytest.mark.parametrize("text", ["no json", '{"dir": "x", "hex": "00"}', '{"hex": "0"}'])
def test_files_that_are_no_transcripts(tmp_path, text):
    """Promise: refused with the file's name."""
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    loop = LabLoop()
    try:
        with pytest.raises(LabFileError, match=r"t\.jsonl is no transcript"):
            open_transport(f"replay://{path}", Clock(loop))
    finally:
        loop.close()
