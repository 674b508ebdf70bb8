"""The file of a scaled model (`nasbench scale --out`): its kind and its version."""

from collections.abc import Mapping

from nasbench.core.errors import UsageError

KIND, VERSION = "nasbench scaled model", 1


def check_version(record: Mapping[str, object]) -> None:
    """UsageError for the file of a scaled model that a later nasbench has written."""
    if record.get("kind") == KIND and record.get("version") != VERSION:
        raise UsageError(
            f"it is a scaled model of version {record.get('version')!r}, and this nasbench reads version {VERSION}. "
            "Write it anew with nasbench scale --out, or take a later nasbench."
        )
