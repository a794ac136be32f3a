"""Read a course: settings, assignments, rules, rubrics, samples and the course's own code."""
