"""Makes text from files, databases and instruments harmless to a terminal."""

import re

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 but tab and newline: ESC begins every sequence
    "\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # bidirectional controls (CVE-2021-42574)
)


def printable(text: str) -> str:
    """Return ``text`` with its control characters written out as escapes."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
