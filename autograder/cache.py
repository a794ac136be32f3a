"""The user's cache folders, for data that the kit can compute again."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder(name: str) -> Path:
    """Return the folder `name` in the user's cache folder.

    If the user's home is unknown, return the path of a folder that cannot be created.
    """
    folder = user_cache_path("fdl-homework-kit") / name
    return folder if folder.is_absolute() else Path(os.devnull, name)
