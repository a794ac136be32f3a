"""A course as the kit reads it: settings, assignments, rules, rubrics, samples and its own code."""
