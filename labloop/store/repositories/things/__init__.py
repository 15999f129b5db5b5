"""Things of labs: the stock with its ledger, and samples with their places.

Both decide by the pure rules of ``labloop.records``; here stand the rows and the conditional
updates. What the experiments of a campaign have reserved is given back by their last move.
"""

from labloop.store.repositories.things.samples import SqlSamples
from labloop.store.repositories.things.stock import SqlStock, release_operation

__all__ = ["SqlSamples", "SqlStock", "release_operation"]
