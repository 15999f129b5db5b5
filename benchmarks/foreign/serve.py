"""Runs inside the foreign environment: serves a simulator of labmcp on a port, for our driver.

Usage: python serve.py NAME; prints the port.
"""

import socket
import sys
from importlib import import_module
from typing import Any

SIMULATORS = {
    "new_era": ("labmcp_new_era", "NewEraSimulator", "\r", "\x03"),
    "julabo": ("labmcp_julabo", "JulaboSimulator", "\r", "\r\n"),
    "ika": ("labmcp_ika", "IKASimulator", "\n", "\r\n"),
    "mettler": ("labmcp_mettler_toledo", "MTSICSSimulator", "\n", "\r\n"),
    "atlas_ezo": ("labmcp_atlas_ezo", "EZOSimulator", "\r", "\r"),
}
"""Package, class, what ends a command and what ends an answer."""


def answers(made: Any, command: str) -> list[str]:
    """Return the lines that a simulator answers to one command."""
    told = made.handle(command)
    lines = told if isinstance(told, list) else [told]
    return [line for line in lines if line is not None]


def main() -> None:
    """Serve until the host leaves."""
    package, name, end, back = SIMULATORS[sys.argv[1]]
    made = getattr(import_module(f"{package}.simulator"), name)()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    line, _ = listener.accept()
    buffer = ""
    while data := line.recv(4096):
        buffer += data.decode("ascii", "replace")
        while end in buffer:
            command, _, buffer = buffer.partition(end)
            for each in answers(made, command.strip("\r\n ")):
                line.sendall((each + back).encode("ascii"))


if __name__ == "__main__":
    main()
