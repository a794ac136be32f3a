"""Makes this folder a normal nbgrader course, whose commands mark as `fdl grade` does."""

from autograder.release.nbgraderconfig import configure

configure(get_config(), __file__)  # get_config is given by the loader of this file
