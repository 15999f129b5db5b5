"""Promise: the end of a reply is found exactly."""

from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import ProtocolError
from labloop.lab import recognised, until
from labloop.lab.transports.base import until_etx

LINE = until(b"\n")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=30), st.binary(min_size=1, max_size=3))
def test_until_takes_exactly_the_first_complete_reply(data, terminator):
    """Promise: nothing before the terminator is there, exactly up to it afterwards."""
    length = until(terminator)(data)
    assert length == (data.index(terminator) + len(terminator) if terminator in data else 0)
    assert until_etx(b"\x02 00\x03\x03") == 5


def test_what_is_recognised():
    """Promise: the first answer that the parser takes, whatever stands before it."""

    def parse(reply):
        if not reply.startswith(b"THERM"):
            raise ProtocolError("no name")

    answered = recognised(LINE, parse)
    assert answered(b"20.0\nTHERM 7\n95.0\n") == len(b"20.0\nTHERM 7\n")
    assert answered(b"20.0\nTHERM") == 0
