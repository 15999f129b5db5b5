"""Code from elsewhere runs only where a person trusts it, and writes nothing out of its folder."""

from dataclasses import replace

import pytest

from labloop.campaign import load_campaign, restore, trust_bundle
from labloop.errors import CampaignFileError, UntrustedCodeError

OUTSIDE = (
    "../out.py",
    "/out.py",
    "a/../../out.py",
    "C:\\out.py",
    "\\\\host\\out.py",
    "",
    "a\0b.py",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_bundle_never_writes_out_of_its_folder(folder, name):
    """A database from elsewhere cannot place a file where it likes."""
    bundle = load_campaign(folder).bundle
    trust_bundle(bundle)
    borrowed = replace(bundle, files={**bundle.files, name: b"raise SystemExit"})
    trust_bundle(borrowed)
    with pytest.raises(CampaignFileError, match="out of the campaign's folder"):
        restore(borrowed)


def test_code_from_elsewhere_runs_only_where_a_person_trusts_it(folder, monkeypatch, tmp_path):
    """What another user or machine began is not run before somebody here has vouched for it."""
    bundle = load_campaign(folder).bundle
    trust_bundle(bundle)
    assert restore(bundle).spec.name == "kept"
    monkeypatch.setenv("LABLOOP_STATE", str(tmp_path / "another user's"))
    with pytest.raises(UntrustedCodeError, match="labloop trust kept") as told:
        restore(bundle)
    assert "campaign.py, helper.py" in str(told.value)
    trust_bundle(bundle)
    assert restore(bundle).spec.name == "kept"


def test_trust_is_in_what_runs_not_in_what_it_says_of_itself(folder):
    """A bundle that bears the hash of a trusted one, with other code, is not trusted."""
    bundle = load_campaign(folder).bundle
    trust_bundle(bundle)
    forged = replace(bundle, files={**bundle.files, "helper.py": b"TOP = 3.0"})
    assert forged.sha256 == bundle.sha256
    with pytest.raises(UntrustedCodeError):
        restore(forged)
