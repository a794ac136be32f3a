"""Marking on many machines, with Dask; needs the extra `cluster`.

`open_cluster` gives a Cluster, whose `mark_class` has the shape of `classrun.mark_class`. Workers
get a submission's bytes and the assignment's bundle, and give back plain data.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.errors import KitError

if TYPE_CHECKING:
    from autograder.grading.cluster.run import Cluster
    from autograder.grading.mark import MarkSettings


def open_cluster(
    address: str, certificates: Path | None, settings: MarkSettings, say: Callable[[str], None]
) -> Cluster:
    """The workers of the scheduler at `address`, to be closed in the end; KitError where none fit.

    `certificates` is a folder with ca.pem, cert.pem and key.pem for tls:// (default: as Dask is
    configured). `say` is told what the person at the terminal should know.
    """
    try:
        from autograder.grading.cluster.address import contact
        from autograder.grading.cluster.run import Cluster
    except ImportError as error:
        raise KitError(
            f"--cluster needs Dask, and there is none here ({error}): "
            "pip install 'fdl-homework-kit[cluster]'"
        ) from error
    return Cluster(contact(address, certificates), settings, say)


__all__ = ["open_cluster"]
