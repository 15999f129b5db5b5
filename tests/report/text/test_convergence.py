"""How the best result came about: it never gets worse, and failures stay in it."""

import pytest

from labloop.report import convergence, summary


def test_convergence_never_falls_and_keeps_failures(written):
    """The best so far only grows; a failed experiment is a point without a value."""
    store, campaign_id = written(experiments=30)
    points = convergence(store, campaign_id)
    best = [p.best["product_yield"] for p in points if p.best]
    assert best == sorted(best)
    assert [p.number for p in points] == list(range(1, 31))
    assert [p.number for p in points if not p.values] == [7, 18, 29]
    assert all(p.improved == (p.values == p.best and bool(p.values)) for p in points)
    assert {p.hypervolume for p in points} == {None}


@pytest.mark.parametrize("aims", [2, 3])
def test_several_aims_have_a_front_and_a_growing_volume(written, aims):
    """No result on the front beats another one there; the volume never shrinks."""
    store, campaign_id = written(experiments=30, aims=aims)
    stand = summary(store, campaign_id)
    volumes = [p.hypervolume for p in convergence(store, campaign_id)]
    assert volumes == sorted(volumes)
    assert stand.hypervolume == volumes[-1] > 0
    assert stand.best.number in {b.number for b in stand.front}
    assert len(stand.aims) == aims
