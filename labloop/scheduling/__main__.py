"""The process of the solver: a problem a line in, a schedule a line out, until its input ends."""

import json
import sys

from labloop.scheduling._model import JobShopModel
from labloop.scheduling._wire import problem_of, schedule_json, schedule_of


def main() -> None:
    """Answer what is asked."""
    for line in sys.stdin:
        asked = json.loads(line)
        model = JobShopModel(problem_of(asked["problem"]), schedule_of(asked["known"]))
        found = model.solve(asked["effort"], asked["gap"], asked["seed"])
        sys.stdout.write(json.dumps(schedule_json(found)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
