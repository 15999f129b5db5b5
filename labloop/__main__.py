"""``python -m labloop`` is the command ``labloop``."""

from labloop.cli import main

if __name__ == "__main__":
    main()
