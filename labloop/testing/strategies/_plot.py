"""Plots the best value so far over experiments, as a page that works offline."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from labloop.errors import MissingExtraError
from labloop.testing.strategies._bench import Run


def write_plot(runs: Sequence[Run], path: Path) -> None:
    """Write medians and quartiles over seeds; raises MissingExtraError without plotly."""
    try:
        import plotly.graph_objects as go  # noqa: PLC0415 - an optional dependency
        from plotly.subplots import make_subplots  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingExtraError("the plot of a bench", "report") from error
    problems = sorted({run.problem for run in runs})
    colours = go.Figure().layout.template.layout.colorway or ["#1f77b4"]
    names = sorted({run.method for run in runs})
    figure = make_subplots(rows=len(problems), cols=1, subplot_titles=problems)
    for row, problem in enumerate(problems, start=1):
        for number, method in enumerate(names):
            group = [r for r in runs if (r.problem, r.method) == (problem, method)]
            if not group:
                continue
            best = np.array([np.maximum.accumulate(r.truths) for r in group])
            low, middle, high = np.quantile(best, [0.25, 0.5, 0.75], axis=0)
            x = np.arange(1, best.shape[1] + 1)
            line = {"color": colours[number % len(colours)]}
            common = {"x": x, "line": line, "legendgroup": method, "name": method}
            figure.add_trace(go.Scatter(y=middle, showlegend=row == 1, **common), row, 1)
            for edge in (low, high):
                faint = go.Scatter(y=edge, opacity=0.3, showlegend=False, **common)
                figure.add_trace(faint, row, 1)
    figure.update_layout(height=320 * len(problems), title="best so far: median and quartiles")
    figure.write_html(path, include_plotlyjs=True)
