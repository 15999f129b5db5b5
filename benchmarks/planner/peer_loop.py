"""How every peer answers: one JSON object a line in, one out, until the input ends.

The scripts of the peers run in an environment without labloop, so they share this module of
their own folder and nothing else.
"""

import json
import os
import sys


def serve(peer: object) -> None:
    """Answer ``{"op": name, ...}`` by the method of that name, with the rest as its argument."""
    out = os.fdopen(os.dup(1), "w")
    # Whatever the libraries print must not mix with the answers.
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(peer, request.pop("op"))(request)
        out.write(json.dumps(answer) + "\n")
        out.flush()
