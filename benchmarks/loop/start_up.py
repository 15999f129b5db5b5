"""How long ``import labloop`` and ``labloop --help`` take: median of fresh processes."""

import json
import statistics
import subprocess
import sys
import time

N = 9


def seconds(*words: str) -> float:
    taken = []
    for _ in range(N):
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    bare = seconds("-c", "pass")
    print(
        json.dumps(
            {
                "n": N,
                "bare_python_s": bare,
                "import_s": seconds("-c", "import labloop"),
                "help_s": seconds("-m", "labloop", "--help"),
            }
        )
    )


if __name__ == "__main__":
    main()
