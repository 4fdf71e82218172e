"""What is installed is new enough, and the lock names no registry."""

import re
from importlib.metadata import version

import pytest
from house.sources import ROOT

LOCK = ROOT / "requirements.lock"


@pytest.mark.parametrize(("package", "least"), [("pillow", (12, 3)), ("python-jose", (3, 4))])
def test_is_new_enough(package, least):
    found = tuple(int(part) for part in re.findall(r"\d+", version(package))[:2])
    assert found >= least


@pytest.mark.skipif(not LOCK.exists(), reason="there is no lock yet")
class TestLock:
    def test_pins_and_hashes_everything(self):
        text = LOCK.read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line.strip() and line.strip()[0] not in "#-"]
        assert lines
        loose = [line for line in lines if "==" not in line or "--hash=sha256:" not in line]
        assert loose == []

    def test_names_no_registry(self):
        text = LOCK.read_text(encoding="utf-8")
        assert not re.search(
            r"https?://|--(extra-)?index-url|--find-links|^-i ", text, re.MULTILINE
        )
