"""The user's cache folders, for data that the kit can compute again."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path


def cache_folder(name: str) -> Path:
    """Return the folder `name` in the user's cache folder."""
    return user_cache_path("fdl-homework-kit") / name
