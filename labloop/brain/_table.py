"""What a planner was told, as rows and as a table of a notebook."""

from collections.abc import Sequence
from html import escape

from labloop.objectives import Objectives
from labloop.records import Observation, PointValue

Row = dict[str, PointValue | None]


def rows_of(observations: Sequence[Observation], objective: Objectives) -> list[Row]:
    """Return a row for each experiment: id, conditions, outputs, whether it failed.

    And whether it is feasible, where there are thresholds or outcome constraints.
    """
    conditions = dict.fromkeys(name for o in observations for name in o.point)
    outputs = dict.fromkeys(name for o in observations for name in o.outputs)
    return [
        {
            "experiment": o.experiment_id,
            **{name: o.point.get(name) for name in conditions},
            **{name: o.outputs.get(name) for name in outputs},
            "failed": o.failed,
            **_feasible(o, objective),
        }
        for o in observations
    ]


def _feasible(one: Observation, objective: Objectives) -> Row:
    if not objective.demands:
        return {}
    complete = all(name in one.outputs for name in objective.outputs)
    return {"feasible": not objective.breaks(one.outputs) if complete else None}


def table_of(rows: Sequence[Row], chosen: str | None, title: str) -> str:
    """Return rows as HTML, that of the experiment ``chosen`` in bold."""
    head = "".join(f"<th>{escape(name)}</th>" for name in (rows[0] if rows else ()))
    body = "".join(
        f"<tr{' style=font-weight:600' if row['experiment'] == chosen else ''}>"
        + "".join(f"<td>{escape(_shown(value))}</td>" for value in row.values())
        + "</tr>"
        for row in rows
    )
    return (
        f"<p>{escape(title)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _shown(value: PointValue | None) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
