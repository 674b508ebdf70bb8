"""The Ray that a search starts on one machine: nobody else reaches it, and nothing of it is left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

DRIVERS = Path(__file__).parent / "drivers"
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same within IPv6, and ::1, as /proc/net has them."""


def test_it_listens_on_the_loopback_interface_alone_and_its_token_is_the_users_own(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(DRIVERS)])
    told = subprocess.run(
        [sys.executable, str(DRIVERS / "ray_listens.py")],
        env={**os.environ, "HOME": str(tmp_path / "missing"), "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout)
    assert found["addresses"]
    assert set(found["addresses"]) <= LOOPBACK
    assert found["modes"] == {".": "0o700", "token": "0o600"}
    assert not found["left"]
    assert not found["home"], "Ray wrote its token into the home directory"
