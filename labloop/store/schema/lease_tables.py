"""The tables of leases: who has one, and when that one was heard last."""

from labloop.store.schema.columns import Row, big_column, text_column


class LeaseRow(Row, table=True):
    """Who holds a resource; empty owner: nobody. The token only grows."""

    __tablename__ = "lease"
    resource: str = text_column(primary_key=True)
    owner: str = text_column()
    token: int = big_column()
    taken: int = big_column()


class LeaseBeatRow(Row, table=True):
    """When the holder of a lease was heard last; the token says which holder."""

    __tablename__ = "lease_beat"
    resource: str = text_column(primary_key=True)
    token: int = big_column()
    beats: int = big_column()
    beaten: int = big_column()
