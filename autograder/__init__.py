"""The kit releases assignments, marks submissions in a sandbox and records the marks."""
