"""Bytes of Mettler Toledo balances (MT-SICS): pure functions, no port.

AL-IC operating instructions, page 72; AT balances, page 87; MT-SICS reference manual 11781363.
Commands are written in capitals and end with CR LF, as answers do. An answer begins with its
command; a second field tells how it went: ``S`` stable, ``D`` dynamic, ``I`` not executable
now, ``+`` overload, ``-`` underload, ``L`` wrong parameter, ``A`` done, ``B`` begun, and
another answer follows.
"""

import re
from typing import NamedTuple

from labloop.errors import DeviceFaultError, LimitError, ProtocolError

END = b"\r\n"
WEIGHT, WEIGHT_NOW = b"S" + END, b"SI" + END
TARE, CLEAR_TARE, ZERO = b"T" + END, b"TAC" + END, b"Z" + END
ADJUST, SERIAL, DATA, SOFTWARE = b"C3" + END, b"I4" + END, b"I2" + END, b"I3" + END

_GRAMS = {b"g": 1.0, b"mg": 1e-3, b"kg": 1e3, b"ug": 1e-6, b"\xb5g": 1e-6}
_WEIGHT = re.compile(rb"([SD]) +(-? *\d{1,7}(?:\.\d{1,7})?) +(\S{1,3})")
_TEXT = re.compile(rb'A +"([ -~]{0,80})"')
_LONGEST = 120
_GENERAL = {
    b"ES": "does not know the command",
    b"ET": "received a damaged command",
    b"EL": "cannot carry out the command",
}
_BUSY = (
    "cannot do that now: it is carrying out something else, or was not stable in time; look at "
    "draught shield and sample"
)


class Weight(NamedTuple):
    """A weight in g (None where it is out of range), and whether the balance was stable."""

    grams: float | None
    stable: bool


def line_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one line, 0 while none is complete."""
    return buffer.find(b"\n") + 1


def answer_length(buffer: bytes) -> int:
    """Return how long an answer is that may say ``B`` (begun) first; 0 while it goes on."""
    begin = 0
    while end := line_length(buffer[begin:]):
        line = buffer[begin : begin + end].strip()
        begin += end
        if not line.endswith(b" B"):
            return begin
    return 0


def parse_weight(reply: bytes, command: bytes) -> Weight:
    """Return the weight in the answer to ``command``.

    Raises:
        DeviceFaultError: the balance cannot weigh now, or reports an error.
        ProtocolError: no answer to this command.
    """
    rest = rest_of(reply, command)
    if rest in {b"+", b"-"}:
        return Weight(None, False)
    if rest[:8] == b"S Error ":
        raise DeviceFaultError(f"the balance reports {rest[2:].decode('ascii')}; see its manual")
    match = _WEIGHT.fullmatch(rest)
    factor = _GRAMS.get(match[3]) if match else None
    if match is None or factor is None:
        raise ProtocolError(
            f"the balance answered {reply!r} where a weight in g, mg or kg was due; set its unit 1"
        )
    return Weight(float(match[2].replace(b" ", b"")) * factor, match[1] == b"S")


def parse_done(reply: bytes, command: bytes) -> None:
    """Raise what kept ``command`` from being done; its last line says ``A``, ``S`` or ``D``."""
    last = reply.strip().split(b"\n")[-1]
    rest = rest_of(last + b"\n", command)
    if rest in {b"+", b"-"}:
        told = "overloaded" if rest == b"+" else "underloaded (is the pan on it?)"
        raise DeviceFaultError(f"the balance did not do {_name(command)}: it is {told}")
    if rest[:1] not in {b"A", b"S", b"D"}:
        raise ProtocolError(f"the balance answered {reply!r} to {_name(command)}")


def parse_text(reply: bytes, command: bytes) -> str:
    """Return the text in quotes, such as the serial number; raises ProtocolError."""
    match = _TEXT.fullmatch(rest_of(reply, command))
    if match is None:
        raise ProtocolError(f"the balance answered {reply!r} where a text in quotes was due")
    return match[1].decode("ascii").strip()


def rest_of(reply: bytes, command: bytes) -> bytes:
    """Return what stands behind the command in its answer.

    Raises:
        DeviceFaultError: the command is not known or not possible now.
        LimitError: its parameter is wrong.
        ProtocolError: it answers another command, or is no line of text.
    """
    line = reply.strip(b"\r\n ")
    if not line or len(line) > _LONGEST or min(line) < 0x20 or max(line) > 0xB5:
        raise ProtocolError(f"the balance answered {reply!r}, which is no line of text")
    if line in _GENERAL:
        if line == b"ET":
            raise ProtocolError("the balance received a damaged command (ET)")
        raise DeviceFaultError(f"the balance {_GENERAL[line]}: {_name(command)}")
    name = command.strip().split(b" ")[0]
    # SI is answered by S: the answers of all weighing commands begin alike.
    for told in (name, b"S") if name in {b"SI", b"SNR", b"SIR", b"SR"} else (name,):
        if line[: len(told) + 1] == told + b" ":
            rest = line[len(told) + 1 :].strip()
            break
    else:
        raise ProtocolError(f"the balance answered {reply!r} to {_name(command)}")
    if rest == b"I":
        raise DeviceFaultError(f"the balance {_BUSY}")
    if rest == b"L":
        raise LimitError(f"the balance refused {_name(command)}: it finds a parameter wrong")
    return rest


def _name(command: bytes) -> str:
    return command.strip().decode("ascii")
