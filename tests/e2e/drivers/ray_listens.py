"""Starts the Ray of this machine as `--workers 2` does, and prints as JSON who listens where and who may read what."""

import json
import os
from pathlib import Path

from nasbench.executors.ray_cluster import RayCluster

LISTEN = "0A"


def listening() -> dict[str, str]:
    """Inode of a socket that listens -> its address in hexadecimal."""
    found = {}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == LISTEN:
                found[rest[5]] = local.partition(":")[0]
    return found


def sockets(process: Path) -> list[str]:
    """Inodes of the sockets that a process holds."""
    links = [os.readlink(entry) for entry in (process / "fd").iterdir()]
    return [link[len("socket:[") : -1] for link in links if link.startswith("socket:[")]


def main() -> None:
    cluster = RayCluster(2, 0, None)
    cluster.connect()
    import ray

    ray.get([ray.remote(lambda: os.getpid()).remote() for _ in range(4)])  # the workers listen too
    folder = Path(str(ray._private.worker._global_node.get_temp_dir_path())).parent
    addresses = set()
    open_sockets = listening()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = str(folder) in (process / "environ").read_text(errors="replace") or process.name == str(os.getpid())
            addresses |= {open_sockets[inode] for inode in sockets(process) if ours and inode in open_sockets}
        except OSError:  # it ended meanwhile
            continue
    modes = {name: oct((folder / name).stat().st_mode & 0o777) for name in (".", "token")}
    home = Path(os.environ["HOME"])
    cluster.close()
    print(json.dumps({"addresses": sorted(addresses), "modes": modes, "left": folder.exists(), "home": home.exists()}))


if __name__ == "__main__":
    main()
