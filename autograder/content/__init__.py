"""Make students' texts and outputs harmless for every page that shows them."""
