"""Calls and results of a library as text for the journal, and as lines of a transcript."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from labloop.errors import ProtocolError
from labloop.records import DeviceIdentity

MOST_BYTES = 1000
"""Bytes of a call that the journal keeps."""
_MOST_VALUES = 100
"""A list with more values is only counted in the journal."""
_PLAIN_TYPES = (int, float, str, bytes, bool, type(None))


def call_text(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Return a call as text that is the same in every process: of an object only its type."""
    plain = [_text(each) for each in args]
    told = ", ".join([*plain, *(f"{key}={_text(each)}" for key, each in kwargs.items())])
    return f"{name}({told})"


def result_text(result: Any) -> bytes:
    """Return the result of a call for the journal; of a long list only its length."""
    if isinstance(result, (list, tuple)) and len(result) > _MOST_VALUES:
        return f"<{len(result)} values>".encode()
    return b"" if result is None else _text(result).encode()[:MOST_BYTES]


def to_line(result: Any) -> dict[str, Any]:
    """Return a result as the end of a transcript's line; what is no plain value is named only."""
    if isinstance(result, DeviceIdentity):
        return {"identity": asdict(result)}
    return {"result": result} if _is_plain(result) else {"opaque": type(result).__name__}


def from_line(line: Mapping[str, Any], call: str) -> Any:
    """Return the result that a transcript's line tells; raises ProtocolError for an opaque one."""
    if "identity" in line:
        return DeviceIdentity(**line["identity"])
    if "result" in line:
        return line["result"]
    raise ProtocolError(
        f"{call} returned a {line.get('opaque', 'value')}, which a transcript cannot keep: it "
        "holds numbers, texts, flags, lists and tables of them"
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    return isinstance(value, (int, float, str, bool, type(None)))


def _text(value: Any) -> str:
    if isinstance(value, _PLAIN_TYPES):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_text, value)) + "]"
    return f"<{type(value).__name__}>"
