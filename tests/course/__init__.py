"""The parts of a course: its notebooks' cells, directives and folders."""
