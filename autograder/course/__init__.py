"""What a course is: its settings, assignments, rules, rubrics and samples, and its own code."""
