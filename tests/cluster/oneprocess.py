"""Two schedulers, one with workers and one without, in one process that starts quickly.

`python -m tests.cluster.oneprocess` prints the two addresses and serves until its input ends.
"""

from __future__ import annotations

import sys
from typing import Any

from distributed import LocalCluster

from .machines import HOST


def start(workers: int) -> Any:
    """Return a scheduler with workers of one thread each, which listen on a socket."""
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host=HOST,
        dashboard_address=None,
    )


def main() -> None:
    """Serve."""
    with start(2) as crowded, start(0) as empty:
        print(crowded.scheduler_address, empty.scheduler_address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
