"""Where the kit keeps, for this user, what it can make anew."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path


def cache_folder(name: str) -> Path:
    """The folder for what is kept under that name, in the user's folder for caches."""
    return user_cache_path("fdl-homework-kit") / name
