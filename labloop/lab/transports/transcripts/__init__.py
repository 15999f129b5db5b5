"""Transcripts: what was said on a line, kept in a file, and played again.

``transcript.py`` has the file, ``recording.py`` writes the frames of a line into one, ``replay.py``
answers from one, ``comparison.py`` holds an emulator against one. Calls of libraries are written
and played by ``labloop.lab.libraries``.
"""

from labloop.lab.transports.transcripts.comparison import Difference, differences
from labloop.lab.transports.transcripts.recording import RecordingTransport
from labloop.lab.transports.transcripts.replay import ReplayTransport
from labloop.lab.transports.transcripts.transcript import (
    Session,
    Transcript,
    note_in_transcript,
    read_transcript,
    session_of,
)

__all__ = [
    "Difference",
    "RecordingTransport",
    "ReplayTransport",
    "Session",
    "Transcript",
    "differences",
    "note_in_transcript",
    "read_transcript",
    "session_of",
]
