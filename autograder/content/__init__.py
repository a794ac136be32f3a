"""Make students' texts and outputs safe to show on every page."""
