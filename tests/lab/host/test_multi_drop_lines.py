"""Promise: devices with an address each share one line."""

import asyncio
import socket
import threading

import pytest
from lab_toys import toy_host

from labloop.errors import LabFileError
from labloop.lab import lab_file_of
from labloop.records import Mode


def bus_tables(url, *addresses, more=""):
    return {
        "lab": {"name": "bus"},
        "devices": {
            f"p{n}": {
                "driver": "lab_toys:AddressedToy",
                "url": url + (more if n else ""),
                "serial_number": f"SN{n}",
                "options": {} if address is None else {"address": address},
            }
            for n, address in enumerate(addresses)
        },
    }


def test_two_addresses_share_one_line():
    """Promise: one connection, one turn; never two questions at once."""
    lines, overlaps = [], []

    def serve(listener):
        line, _ = listener.accept()
        lines.append(line)
        with line:
            while asked := line.recv(100):
                overlaps.extend([asked] if asked.count(b"\n") != 1 else [])
                line.sendall(b"SN" + asked[:1] + b"\n")

    async def both(lab):
        return await asyncio.gather(*(pump.identify() for pump in (lab.p1, lab.p0) * 3))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        url = f"socket://127.0.0.1:{listener.getsockname()[1]}"
        tables = bus_tables(url, 0, 1)
        with toy_host("p0", "p1", mode=Mode.REAL, tables=tables) as host:
            told = [each.serial_number for each in host.call(both)]
        thread.join(5)
    assert told == ["SN1", "SN0"] * 3
    assert host.report.safe == ["p0", "p1"]
    assert (len(lines), overlaps) == (1, [])


@pytest.mark.parametrize(
    ("addresses", "more"), [((None, 1), ""), ((1, 1), ""), ((0, 1), "?baud=19200")]
)
def test_a_line_that_cannot_be_shared_is_refused_by_name(addresses, more):
    """Promise: when the lab file is read, with both devices, the url and what to write."""
    with pytest.raises(LabFileError, match=r"p0, p1 share the same url serial://COM3.*address = 1"):
        lab_file_of(bus_tables("serial://COM3", *addresses, more=more))
