"""Whether what Ray's processes send each other is encrypted, and whether the files for it are fit."""

import os
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from nasbench.engine.doctor.finding import Finding
from nasbench.executors import ray_tls
from nasbench.executors.unfit_tls import FILES, KEY, LOOPBACK, SWITCH, Unfit, own_address

AREA, NAME = "cluster", "TLS of Ray"
SOON = timedelta(days=14)


def tls(address: str | None = None) -> Iterator[Finding]:
    """Off; or on, until when, or with what is wrong of its files. Without the `address` of a cluster the certificate
    must be of the loopback address; whether it is of the one that a cluster knows is seen where it is joined.
    """
    try:
        ray_tls.check_switch()
        if not ray_tls.is_on():
            yield _off()
            return
        until = datetime.fromtimestamp(ray_tls.valid_until(() if address else (LOOPBACK,)), UTC)
    except Unfit as error:
        yield Finding(
            AREA, NAME, "broken", error.told if SWITCH in error.told else f"on, and {error.told}", error.remedy
        )
        return
    key = os.environ[KEY]
    if os.stat(key).st_mode & 0o077:
        told, remedy = f"on, and {KEY}={key} can be read or changed by others", f"chmod 600 {shlex.quote(key)}"
        yield Finding(AREA, NAME, "broken", told, remedy)
        return
    told = f"on; the certificate of this machine is valid until {until:%Y-%m-%d %H:%M} UTC"
    if until - datetime.now(UTC) < SOON:
        yield Finding(AREA, NAME, "note", told, "Make a new one in time: Ray reads it when it starts.")
        return
    try:
        ray_tls.valid_until((LOOPBACK, own_address()))
    except Unfit as error:
        where = "it serves in the cluster alone" if address else "it serves on this machine alone, in no cluster"
        yield Finding(AREA, NAME, "note", f"{told}; {where}: {error.told}", error.remedy)
        return
    yield Finding(AREA, NAME, "ok", told)


def _off() -> Finding:
    named = [variable for variable in FILES if variable in os.environ]
    told = f"off ({SWITCH} is not 1): what Ray sends is not encrypted"
    remedy = f"Set {SWITCH}=1 wherever Ray or nasbench is started, or unset {', '.join(named)}."
    return Finding(AREA, NAME, "note" if named else "ok", told, remedy if named else "")
