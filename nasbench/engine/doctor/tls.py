"""Whether what Ray's processes send each other is encrypted, and whether the files for it are fit."""

import os
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from nasbench.core.errors import UsageError
from nasbench.engine.doctor.finding import Finding
from nasbench.executors import ray_tls

AREA, NAME = "cluster", "TLS of Ray"
SOON = timedelta(days=14)


def tls() -> Iterator[Finding]:
    """Off; or on, until when, or with what is wrong of its files."""
    named = [variable for variable in ray_tls.FILES if variable in os.environ]
    if not ray_tls.is_on():
        told = f"off ({ray_tls.SWITCH} is not 1): what Ray sends is not encrypted"
        remedy = f"Set {ray_tls.SWITCH}=1 wherever Ray or nasbench is started, or unset {', '.join(named)}."
        yield Finding(AREA, NAME, "note" if named else "ok", told, remedy if named else "")
        return
    try:
        until = datetime.fromtimestamp(ray_tls.valid_until(), UTC)
    except UsageError as error:
        remedy = "Make a certificate of this machine and its key, signed by the authority that every node names."
        yield Finding(AREA, NAME, "broken", f"on, and {error}", remedy)
        return
    key = os.environ[ray_tls.KEY]
    if os.stat(key).st_mode & 0o077:
        told, remedy = f"on, and {ray_tls.KEY}={key} can be read or changed by others", f"chmod 600 {shlex.quote(key)}"
        yield Finding(AREA, NAME, "broken", told, remedy)
        return
    told = f"on; the certificate of this machine is valid until {until:%Y-%m-%d %H:%M} UTC"
    if until - datetime.now(UTC) < SOON:
        yield Finding(AREA, NAME, "note", told, "Make a new one in time: Ray reads it when it starts.")
    else:
        yield Finding(AREA, NAME, "ok", told)
