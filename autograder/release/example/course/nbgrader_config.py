"""Make this folder a normal nbgrader course whose commands mark like `fdl grade`."""

from autograder.release.nbgraderconfig import configure

configure(get_config(), __file__)  # nbgrader provides get_config when it loads this file
