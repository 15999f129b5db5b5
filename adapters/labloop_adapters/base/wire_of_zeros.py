"""A simulated line on which every answer is the same: to build an instrument and look at it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RESOURCES = ("GPIB0::1::INSTR", "ASRL1::INSTR", "TCPIP0::localhost::7020::SOCKET")
_FILE = """
spec: "1.1"
devices:
  zero:
    eom:
      ASRL INSTR: {{q: "\\n", r: "\\n"}}
      GPIB INSTR: {{q: "\\n", r: "\\n"}}
      TCPIP SOCKET: {{q: "\\n", r: "\\n"}}
    error: "{answer}"
    dialogues:
      - {{q: "*IDN?", r: "labloop,{model},0,0"}}
      - {{q: "*LANG?", r: "SCPI"}}
resources:
{resources}
"""


@contextmanager
def wire_of_zeros(model: str, answer: str = "0") -> Iterator[tuple[str, str]]:
    """Write a simulation file of pyvisa-sim that answers the same to everything.

    Args:
        model: what is answered to ``*IDN?``.
        answer: to everything else.

    Yields:
        The backend of PyVISA, and a resource on it.
    """
    lines = "\n".join(f"  {each}: {{device: zero}}" for each in RESOURCES)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "zeros.yaml"
        file.write_text(_FILE.format(model=model, answer=answer, resources=lines), encoding="utf-8")
        yield f"{file}@sim", RESOURCES[0]
