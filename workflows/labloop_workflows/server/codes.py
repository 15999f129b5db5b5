"""One-time codes: each run on real instruments needs what stands at the lab's own terminal.

The terminal that serves keeps the hash of one unused code as an empty file in a folder of its
own. The process of a run takes the file away: of two that type the same code one succeeds.
"""

import hashlib
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No two of them look alike; eight of them are forty bits."""
_LOOK_SECONDS = 0.3


def new_code() -> str:
    """Return a code as a person types it: two groups of four."""
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def use_up(folder: Path, code: str) -> bool:
    """Return whether ``code`` is the unused one; from then on it is used."""
    try:
        _place(folder, code).unlink()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def codes(tell: Callable[[str], None]) -> Iterator[Path]:
    """Keep one unused code at hand while the block lasts; ``tell`` is given each new one.

    Yields:
        The folder that :func:`use_up` needs.
    """
    ended = threading.Event()
    with tempfile.TemporaryDirectory(prefix="labloop-codes-") as made:
        folder = Path(made)
        place = _offer(folder, tell)

        def renew() -> None:
            now = place
            while not ended.wait(_LOOK_SECONDS):
                if not now.exists():
                    now = _offer(folder, tell)

        thread = threading.Thread(target=renew, name="codes", daemon=True)
        thread.start()
        try:
            yield folder
        finally:
            ended.set()
            thread.join()


def _offer(folder: Path, tell: Callable[[str], None]) -> Path:
    code = new_code()
    place = _place(folder, code)
    place.touch(mode=0o600)
    tell(code)
    return place


def _place(folder: Path, code: str) -> Path:
    letters = "".join(letter for letter in code.upper() if letter in _LETTERS)
    return folder / hashlib.sha256(letters.encode()).hexdigest()
