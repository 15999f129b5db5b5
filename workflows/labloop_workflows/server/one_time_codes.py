"""One-time codes: each run on real instruments needs one from the lab's own terminal.

The serving process keeps the hash of one unused code as an empty file in a folder of its own.
The process of a run removes that file: of two runs with the same code one succeeds.
"""

import hashlib
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without letters that look alike; eight of them are 40 bits."""
_POLL_SECONDS = 0.3


def new_code() -> str:
    """Return a random code in two groups of four letters."""
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def redeem(folder: Path, code: str) -> bool:
    """Use ``code`` up, and return whether it was the unused one."""
    try:
        _code_file(folder, code).unlink()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def one_time_codes(show: Callable[[str], None]) -> Iterator[Path]:
    """Keep one unused code available while the block runs.

    Args:
        show: is called with each new code.

    Yields:
        The folder that :func:`redeem` needs.
    """
    ended = threading.Event()
    with tempfile.TemporaryDirectory(prefix="labloop-codes-") as made:
        folder = Path(made)
        first = _offer(folder, show)

        def renew() -> None:
            current = first
            while not ended.wait(_POLL_SECONDS):
                if not current.exists():
                    current = _offer(folder, show)

        thread = threading.Thread(target=renew, name="codes", daemon=True)
        thread.start()
        try:
            yield folder
        finally:
            ended.set()
            thread.join()


def _offer(folder: Path, show: Callable[[str], None]) -> Path:
    code = new_code()
    file = _code_file(folder, code)
    file.touch(mode=0o600)
    show(code)
    return file


def _code_file(folder: Path, code: str) -> Path:
    letters = "".join(letter for letter in code.upper() if letter in _LETTERS)
    return folder / hashlib.sha256(letters.encode()).hexdigest()
