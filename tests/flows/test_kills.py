"""Random kill -9 under load, in short: bench/kills.py does it two hundred times."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLS, PATIENCE_S = 12, 480


@pytest.mark.timeout(PATIENCE_S + 60)
def test_what_was_acknowledged_is_there_once_whatever_is_killed(engine_name):
    command = [sys.executable, "bench/kills.py", "--engine", engine_name, "--kills", str(KILLS)]
    running = subprocess.Popen(
        [*command, "--seed", "20261122"], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},  # noqa: TID251
    )  # fmt: skip
    try:
        told = running.communicate(timeout=PATIENCE_S)[0]
    except subprocess.TimeoutExpired:
        # Asked to end, it ends everything that it started.
        running.terminate()
        told = running.communicate()[0]
    assert running.returncode == 0, told
    assert f"{engine_name}: {KILLS} kills" in told
    # A run in which nobody did anything would prove nothing.
    assert int(re.search(r"writes: (\d+) keys", told)[1]) > KILLS
