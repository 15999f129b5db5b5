"""Installs labloop into .venv and says meanwhile what is done and how far; see tools/make.py."""

import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

_EVERY = 10.0
"""Without a terminal a line as often as this, in seconds, and one for each part."""

_UNTIL_ITS_PARENT_ENDS = """
import os, runpy, signal, sys, threading

def watch():
    while os.read(0, 1):  # ends when whoever started this has ended, in whichever way
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)

threading.Thread(target=watch, daemon=True).start()
sys.argv = ["pip", *sys.argv[1:]]
runpy.run_module("pip", run_name="__main__")
"""


class Course:
    """How far pip is, read from the lines that it writes."""

    def __init__(self, installed: Callable[[], int], about: int) -> None:
        """Begin with nothing.

        Args:
            installed: counts the packages of the environment.
            about: how many it will be; pip knows only when it has fetched all.
        """
        self._installed = installed
        self._about = about
        self._before = installed()
        self._needed = 0
        self._fetched = 0
        self._fetching = ""
        self._to_install = 0

    def read(self, line: str) -> None:
        """Take in one line of pip."""
        words = line.strip()
        if words.startswith("Collecting "):
            self._needed += 1
        elif found := re.match(r"(?:Downloading|Using cached) (\S+)(?: \((.+)\))?$", words):
            if not found[1].endswith(".metadata"):
                self._fetched += 1
                name = found[1].rpartition("/")[2].partition("-")[0]
                self._fetching = f"{name}, {found[2]}" if found[2] else name
        elif words.startswith("Installing collected packages: "):
            self._to_install = words.count(",") + 1

    @property
    def part(self) -> str:
        """Which of the three parts is under way."""
        if self._to_install:
            return "installing"
        return "fetching" if self._fetched else "finding out what is needed"

    @property
    def words(self) -> str:
        """What is done now and how far it is."""
        if self._to_install:
            done = min(self._installed() - self._before, self._to_install)
            return f"{self.part}: {max(done, 0)} of {self._to_install} packages"
        if self._fetched:
            most = max(self._about, self._needed)
            return f"{self.part}: {self._fetched} of about {most} packages ({self._fetching})"
        return f"{self.part}: {self._needed} packages so far"


def install(python: Path, environment: Path, root: Path, extras: str, about: int) -> None:
    """Install the checkout ``root`` with ``extras``, about so many packages, into an environment.

    pip ends with this process, however it ends; what it wrote last is shown where it fails.
    """
    options = ["--disable-pip-version-check", "--progress-bar=off", "--no-input"]
    words = ["install", *options, "-c", "constraints.txt", "-e", f".[{extras}]"]
    tail: deque[str] = deque(maxlen=25)
    course = Course(lambda: sum(1 for _ in environment.glob("**/site-packages/*.dist-info")), about)
    with subprocess.Popen(
        [str(python), "-c", _UNTIL_ITS_PARENT_ENDS, *words],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=os.name == "posix",
    ) as process:
        told = threading.Thread(target=_tell, args=(process, course), daemon=True)
        told.start()
        for line in process.stdout or ():
            course.read(line)
            tail.append(line)
        code = process.wait()
        told.join()
    if code:
        print("".join(tail), end="", flush=True)
        sys.exit(f"pip could not install labloop (exit code {code}); its last words stand above")


def _tell(process: "subprocess.Popen[str]", course: Course) -> None:
    """Say how far it is: on a terminal in one line, elsewhere in few."""
    began = time.monotonic()
    terminal, said, at, wide = sys.stdout.isatty(), "", 0.0, 0
    while process.poll() is None:
        now = time.monotonic()
        text = f"   {course.words}, {now - began:.0f} s"
        if terminal:
            print(f"\r{text.ljust(wide)}", end="", flush=True)
            wide = len(text)
        elif course.part != said or now - at >= _EVERY:
            said, at = course.part, now
            print(text, flush=True)
        time.sleep(0.5)
    if terminal:
        print(flush=True)
