"""``python -m labloop`` is the command ``labloop``."""

from labloop.cli import program

if __name__ == "__main__":
    program()
