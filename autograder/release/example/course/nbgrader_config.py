"""Configure this folder as an nbgrader course, whose commands mark as `fdl grade` does."""

from autograder.release.nbgraderconfig import configure

configure(get_config(), __file__)  # nbgrader defines get_config when it loads this file
