"""What students wrote and showed, made harmless for every page that holds it."""
