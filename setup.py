"""Install the data files of `pyproject.toml` with `pip install -e`, too.

setuptools installs them with an editable install if the distribution has `has_data`, but calls the
method `has_data_files`. Everything else is in `pyproject.toml`.
"""

from setuptools import Distribution, setup


class _Distribution(Distribution):
    def has_data(self) -> bool:
        return bool(self.has_data_files())


setup(distclass=_Distribution)
