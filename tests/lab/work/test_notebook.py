"""A notebook as work: parameters, results in two conventions, errors of a cell."""

import json

import pytest

from labloop import Notebook
from labloop.errors import DefinitionError, WorkError

SCRAPBOOK = """
from IPython.display import display
def glue(name, value):
    scrap = {"name": name, "data": value, "encoder": "json", "version": 1}
    display({"application/scrapbook.scrap.json+json": scrap}, raw=True)
glue("purity", temperature / 2)
glue("remark", "fine")
"""
SHOWN = """
from labloop import progress
progress(0.3, "measured")
print("measured at", temperature)
{"purity": temperature / 2, "remark": "fine"}
"""


def cell(source, *tags):
    """Return a cell of code."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"c{abs(hash(source)) % 1000}",
        "metadata": {"tags": list(tags)},
        "outputs": [],
        "source": source,
    }


def write(folder, source):
    """Write a notebook whose parameter has another default than what is asked."""
    notebook = {
        "cells": [cell("temperature = 1", "parameters"), cell(source)],
        "metadata": {
            "kernelspec": {"display_name": "Python", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "measure.ipynb").write_text(json.dumps(notebook))


@pytest.mark.parametrize("source", [SCRAPBOOK, SHOWN])
def test_a_notebook_gives_results(bench, source, tmp_path):
    """Those that scrapbook recorded, or the mapping that the last cell shows."""
    write(bench.folder, source)
    work = Notebook("measure.ipynb", keep=str(tmp_path / "kept"))
    found = bench.run(work, {"temperature": 80.0})
    assert found == {"purity": 40.0, "remark": "fine"}
    kept = (tmp_path / "kept" / "c-0001-w001.ipynb").read_text()
    assert "temperature = 80.0" in kept
    if source == SHOWN:
        assert "measured at 80.0" in bench.told["log"]
        assert bench.told["progress"][0][1:] == [0.3, "measured"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise ValueError('no sample')", r"cell 3 of measure.ipynb raised ValueError: no sample"),
        ("x = 3", "measure.ipynb shows no results"),
    ],
)
def test_what_goes_wrong_in_a_notebook_is_told(bench, source, words):
    """The cell with its error, or that there is no result."""
    write(bench.folder, source)
    with pytest.raises(WorkError, match=words):
        bench.run(Notebook("measure.ipynb"), {"temperature": 80.0})


def test_a_notebook_that_is_no_notebook_is_refused(bench):
    """Its name when it is declared, and its absence when it is carried out."""
    with pytest.raises(DefinitionError, match=r"ends in \.ipynb"):
        Notebook("measure.py")
    with pytest.raises(WorkError, match="does not exist"):
        bench.run(Notebook("measure.ipynb"), {})
