"""Numbers as a New Era pump writes them."""

UNITS = {"UM": 1e-3, "MM": 1.0, "UH": 1e-3 / 60.0, "MH": 1.0 / 60.0}
"""Units of a rate, each in mL/min."""


def show(value: float) -> str:
    """Return four digits with a point, which stands behind the last one of a large number."""
    decimals = 3 if value < 9.9995 else 2 if value < 99.995 else 1 if value < 999.95 else 0
    return f"{value:.{decimals}f}" + ("" if decimals else ".")
