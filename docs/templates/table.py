"""A table: what a person wrote into the margin of a campaign.

Copy into ``labloop/store/schema/tables.py``; its migration is ``migration.py`` beside this file.
Tell these of it:

- ``LINKED`` in ``labloop/store/schema/chain.py``, and ``session.link`` after its insert: its
  campaign's chain covers it
- the face ``labloop/store/schema/__init__.py``; ``APPEND_ONLY`` or ``_FIXED`` in
  ``labloop/store/schema/guards.py``: what may change, the database itself decides
- ``REVISIONS`` in ``labloop/store/schema/version.py``
- the port in ``labloop.records``, its repository in ``labloop/store/repositories/`` (one noun, one
  file) and ``Repositories``
- ``labloop/store/export/tables.py``, a golden file below ``tests/store/golden/`` and the contract
  suite of the repositories, which both dialects pass
"""

from labloop.store.schema.columns import (
    Row,
    big_column,
    of_campaign,
    sequence_key,
    text_column,
)


class RemarkRow(Row, table=True):
    """What a person wrote of a campaign; newer remarks are added, none is changed."""

    __tablename__ = "remark"
    __table_args__ = (of_campaign(),)
    sequence: int | None = sequence_key()
    campaign_id: str = text_column(index=True)
    mode: str = text_column()
    text: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()
