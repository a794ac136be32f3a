"""The same attacks against stock nbgrader, otter-grader and this kit, in scratch courses."""
