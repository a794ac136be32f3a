"""Build the release from the source with nbgrader's GenerateAssignment, in a scratch folder.

The build reads only the source folder and `nbgrader_config.py` of the course, and writes to no file
of the course, not even the gradebook. The same source gives the same bytes on every machine.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbgrader.converters import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.course.assignment import Assignment
from autograder.course.gradecells import grade_id, place
from autograder.course.layout import COMPANIONS, RELEASE, SOURCE, CourseFolder
from autograder.errors import ReleaseError
from autograder.release.converter import Generate
from autograder.release.fill import read_source
from autograder.release.preprocessors import configure


def build(
    source: Path, destination: Path, assignment: Assignment, *, config: Path | None = None
) -> None:
    """Build the release of a filled source folder in a new folder `destination`.

    `assignment` lists the data files to include, and the items and points for `checks.py`. `config`
    is the course's nbgrader_config.py, or None. Raises a ReleaseError that names the notebook and,
    if one cell is the cause, the cell.
    """
    name = source.name
    with tempfile.TemporaryDirectory(prefix="fdl-build-") as folder:
        scratch = CourseFolder(Path(folder))
        _copy_source(source, scratch.source(name), {*COMPANIONS, *assignment.files})
        converter = _Converter.at(scratch.root, assignment, _settings(config))
        converter.run()
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(scratch.release(name), destination)


class _Converter(Generate):
    """nbgrader's converter without log output; it keeps errors that nbgrader would only log."""

    failure: ReleaseError | None = None
    assignment: Assignment

    @classmethod
    def at(cls, root: Path, assignment: Assignment, config: Config) -> _Converter:
        """Return a converter for the assignment in the scratch folder `root`; modify `config`."""
        config.CourseDirectory.root = str(root)
        config.CourseDirectory.source_directory = SOURCE
        config.CourseDirectory.release_directory = RELEASE
        config.CourseDirectory.assignment_id = assignment.name
        # like `nbgrader generate_assignment --no-db`, because a release needs no gradebook entry
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
        log = logging.Logger("fdl-release")
        log.addHandler(logging.NullHandler())
        coursedir = CourseDirectory(config=config, log=log)
        converter = cls(coursedir=coursedir, config=config, log=log)
        converter.assignment = assignment
        return converter

    def facts(self, _: str) -> Assignment:
        """Return the known assignment, because the scratch folder has no course.toml."""
        return self.assignment

    def run(self) -> None:
        """Convert the assignment; if that fails, raise ReleaseError with the cause."""
        try:
            self.start()
        except NbGraderException as error:
            if self.failure is not None:
                raise self.failure from error
            raise ReleaseError(f"nbgrader can't build the release: {error}") from error

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Prepare the folder; if that fails, keep the error for `run`."""
        try:
            super().init_assignment(assignment_id, student_id)
        except ReleaseError as error:
            self.failure = error
            raise

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Convert one notebook; if that fails, keep the error for `run`."""
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:
            self.failure = ReleaseError(self._failure_message(notebook_filename, error))
            raise

    def _failure_message(self, filename: str, error: Exception) -> str:
        """Return the message for a failed notebook, with the first cell that also fails alone."""
        path = Path(filename)
        notebook = read_source(path)
        for index, cell in enumerate(notebook.cells):
            alone = nbformat.from_dict({**notebook, "cells": [cell]})
            resources = self.init_single_notebook_resources(filename)
            try:
                self.exporter.from_notebook_node(alone, resources=resources)
            except Exception as own:  # nbgrader's preprocessors can raise anything
                return f"{place(path.stem, index, cell)}: nbgrader can't convert it: {own}"
        names = [grade_id(cell) for cell in notebook.cells if grade_id(cell)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            return f"{path.name}: two cells have the nbgrader id {', '.join(twice)}: rename one"
        return f"{path.name}: nbgrader can't convert it: {error}"


def _copy_source(source: Path, scratch: Path, files: set[str]) -> None:
    """Copy the notebooks, and the other files that may be released (`files`)."""
    scratch.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        released = path.suffix == ".ipynb" or path.name in files
        if released and path.is_file() and not path.is_symlink():
            shutil.copyfile(path, scratch / path.name)


def _settings(path: Path | None) -> Config:
    config = Config()
    if path is not None and path.is_file():
        try:
            config = Config(PyFileConfigLoader(path.name, path=str(path.parent)).load_config())
        except Exception as error:  # the file is a program and can raise anything
            raise ReleaseError(f"{path} can't be read: {type(error).__name__}: {error}") from error
    configure(config)
    return config
