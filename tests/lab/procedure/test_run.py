"""Promise: common mistakes in a procedure end in a sentence."""

import pytest
from lab_toys import toy_host

from labloop.errors import NoResultError
from labloop.lab import LabJob


def run_one(procedure, **options):
    with toy_host(**options) as host:
        return host.run([LabJob("camp-0001", procedure)])[0]


def test_a_plain_def_gets_a_sentence():
    """Promise: `def` instead of `async def` is named."""

    def plain(lab):
        return {"x": 1}

    with pytest.raises(NoResultError, match=r"plain is a plain `def`; write `async def`"):
        run_one(plain)


def test_a_procedure_without_result_gets_a_sentence():
    """Promise: a forgotten return is named."""

    async def silent(lab):
        await lab.a.value()

    with pytest.raises(NoResultError, match=r"silent returned nothing; end it with `return"):
        run_one(silent)
