"""Answers one request a line until the input ends: ``python serve.py SCRIPT``.

The script defines ``VERSION`` and ``propose(request)``, which returns points. A request holds

* ``seed``, ``n``: whole numbers, and how many points are wanted
* ``parameters``: each with ``name`` and ``kind``: ``range`` (``low``, ``high``), ``numbers``
  (``values``, ascending) or ``names`` (``values``, perhaps ``descriptors``: value -> numbers)
* ``rows``: all points there are, as lists of values, or null
* ``linear``: each with ``weights`` (name -> number), ``sense`` (``<=`` or ``==``), ``bound``
* ``aims``: names of scores, to be maximised, each with the ``least`` that counts, or null
* ``limits``: outputs to be kept between ``low`` and ``high`` (null for none), by name
* ``results``: each with ``point``, ``scores`` and ``limits``
* ``failed``, ``pending``: points that failed, and those that are under way
* ``closed``: points of a finite space that must not come again

All of them are there at each request: nothing is kept between two of them.
"""

import importlib
import importlib.util
import json
import os
import queue
import random
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def load(script: Path) -> Any:
    """Return the module of a peer's script."""
    spec = importlib.util.spec_from_file_location(f"labloop_{script.stem}", script)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{script} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def seed_all(seed: int) -> None:
    """Seed every generator that a library may draw from."""
    random.seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)
        torch.set_num_threads(1)


def prepare() -> None:
    """Load what draws random numbers, so that the first request finds it there and seeds it.

    BoTorch would compile a kernel in C++ at the first round with two aims, for minutes. It has no
    switch for it: it tries once a process, and notes in its module that it did.
    """
    for name in ("numpy", "torch", "botorch"):
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    if "botorch" in sys.modules:
        logei = importlib.import_module("botorch.acquisition.multi_objective.logei")
        vars(logei).update(_load_attempted=True, _C=None)


def answer(peer: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one request."""
    began = time.process_time()
    seed_all(int(request["seed"]))
    try:
        points = peer.propose(request)
    except Exception as error:  # noqa: BLE001 - the edge of the process: a peer may raise anything
        first = str(error).strip().splitlines()[:1]
        return {"error": ": ".join([type(error).__name__, *first]), "version": peer.VERSION}
    seconds = time.process_time() - began
    return {"points": points, "version": peer.VERSION, "seconds": seconds}


def lines() -> Iterator[str]:
    """Yield requests; the process ends as soon as the input does, also in the middle of one."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            waiting.put(line)
        # Whoever asked has gone, in whichever way.
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield waiting.get()


def main() -> None:
    """Load the script, then answer."""
    # Whatever the libraries print must not mix with the answers.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.filterwarnings("ignore")
    script = Path(sys.argv[1])
    # Modules of this folder must never pass for libraries of the same name.
    here = Path(__file__).resolve().parent
    sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    peer = load(script)
    prepare()
    for line in lines():
        out.write(json.dumps(answer(peer, json.loads(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
