"""Pools of real measurements as problems; the data lie in ``benchmarks/data``."""

import csv
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from labloop.testing.strategies import Problem, pool_problem

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "benchmarks" / "data"
ARYLATION = ROOT / "simulators" / "labloop_simulators" / "data" / "direct_arylation.csv"
Descriptors = dict[str, dict[str, dict[str, float]]]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _plain(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.reader(stream) if row]


def crossed_barrel() -> Problem:
    """600 printed crossed barrels, toughness averaged over three repeats; one at a time."""
    found: dict[tuple[float, ...], list[float]] = defaultdict(list)
    names = ("n", "theta", "r", "t")
    for row in _rows(DATA / "pvlab_CrossedBarrel.csv"):
        found[tuple(float(row[name]) for name in names)].append(float(row["toughness"]))
    rows = [dict(zip(names, key, strict=True)) for key in found]
    values = [float(np.mean(repeats)) for repeats in found.values()]
    return pool_problem("crossed_barrel", rows, values, budget=40, start=3)


def buchwald_a() -> Problem:
    """792 Buchwald-Hartwig aminations, batches of 5; categories without descriptors."""
    names = ("halide", "additive", "base", "ligand")
    table = _plain(DATA / "olympus_buchwald_a.csv")
    rows = [dict(zip(names, row[:4], strict=True)) for row in table]
    values = [float(row[4]) for row in table]
    return pool_problem("buchwald_a", rows, values, batch=5, budget=50, start=5)


def suzuki() -> Problem:
    """89 Suzuki couplings, one at a time."""
    names = ("ligand", "residence_time", "temperature", "loading")
    best: dict[tuple[str, ...], float] = {}
    for row in _plain(DATA / "olympus_suzuki_i.csv"):
        best[tuple(row[:4])] = float(row[4])
    rows = [
        {names[0]: key[0]} | dict(zip(names[1:], map(float, key[1:]), strict=True)) for key in best
    ]
    return pool_problem("suzuki", rows, list(best.values()), budget=30, start=3)


def _averaged(name: str, table: str, columns: tuple[str, ...]) -> Problem:
    """Return a table of numbers, the measurement last, repeats averaged; batches of 5."""
    found: dict[tuple[float, ...], list[float]] = defaultdict(list)
    for row in _plain(DATA / table):
        found[tuple(map(float, row[: len(columns)]))].append(float(row[len(columns)]))
    rows = [dict(zip(columns, key, strict=True)) for key in found]
    values = [float(np.mean(repeats)) for repeats in found.values()]
    return pool_problem(name, rows, values, batch=5, budget=50, start=5)


def hplc() -> Problem:
    """1007 settings of an HPLC with a sampler, peak area; no grid."""
    columns = ("loop", "additional", "tubing", "flow", "push", "wait")
    return _averaged("hplc", "olympus_hplc.csv", columns)


def fullerenes() -> Problem:
    """216 settings of a flow reactor that makes fullerene adducts, a complete grid."""
    columns = ("time", "sultine", "temperature")
    return _averaged("fullerenes", "olympus_fullerenes.csv", columns)


def direct_arylation(described: str = "") -> Problem:
    """1728 direct arylations, batches of 5; a hit is one of the 18 best, 90.39 % and more.

    ``described`` gives bases, ligands and solvents descriptors: ``dft`` the published
    quantum-chemical ones, reduced to principal components that hold 95 % of the variance, five
    at most; ``mordred`` those that BayBE computes from the SMILES, after its own decorrelation.
    """
    columns = {
        "base": "Base_SMILES",
        "ligand": "Ligand_SMILES",
        "solvent": "Solvent_SMILES",
        "concentration": "Concentration",
        "temperature": "Temp_C",
    }
    table = _rows(ARYLATION)
    rows: list[dict[str, float | str]] = []
    for line in table:
        row: dict[str, float | str] = {name: line[columns[name]] for name in columns}
        rows.append(row | {k: float(row[k]) for k in ("concentration", "temperature")})
    made = {"dft": _arylation_descriptors, "mordred": _mordred}
    descriptors = made[described]() if described else None
    return pool_problem(
        f"direct_arylation_{described}" if described else "direct_arylation",
        rows,
        [float(line["yield"]) for line in table],
        descriptors=descriptors,
        batch=5,
        budget=50,
        start=5,
        target=90.39,
        family="direct_arylation",
    )


def _arylation_descriptors() -> Descriptors:
    files = {"base": "base", "ligand": "ligand-boltzmann", "solvent": "solvent"}
    return {
        kind: principal(_numbers(DATA / f"edbo_direct_arylation_{stem}_dft.csv", kind))
        for kind, stem in files.items()
    }


def _mordred() -> Descriptors:
    return {
        kind: _numbers(DATA / f"direct_arylation_{kind}_mordred.csv", kind)
        for kind in ("base", "ligand", "solvent")
    }


def _numbers(path: Path, kind: str) -> dict[str, dict[str, float]]:
    """Return SMILES -> every column that is a number for all compounds."""
    table = _rows(path)
    numeric = [c for c in table[0] if all(_is_number(row[c]) for row in table)]
    return {row[f"{kind}_SMILES"]: {c: float(row[c]) for c in numeric} for row in table}


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def principal(
    table: Mapping[str, Mapping[str, float]], *, share: float = 0.95, most: int = 5
) -> dict[str, dict[str, float]]:
    """Return the leading principal components of standardised descriptors."""
    values = list(table)
    raw = np.array([list(table[value].values()) for value in values])
    spread = raw.std(0)
    scaled = (raw - raw.mean(0))[:, spread > 1e-9] / spread[spread > 1e-9]
    left, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    explained = np.cumsum(sizes**2) / (sizes**2).sum()
    count = min(most, int(np.searchsorted(explained, share)) + 1)
    scores = left[:, :count] * sizes[:count]
    return {
        value: {f"pc{i + 1}": float(s) for i, s in enumerate(row)}
        for value, row in zip(values, scores, strict=True)
    }


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "crossed_barrel": crossed_barrel,
    "buchwald_a": buchwald_a,
    "suzuki": suzuki,
    "hplc": hplc,
    "fullerenes": fullerenes,
    "direct_arylation": direct_arylation,
    "direct_arylation_dft": lambda: direct_arylation("dft"),
    "direct_arylation_mordred": lambda: direct_arylation("mordred"),
}
