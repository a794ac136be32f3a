"""The proof that a release is fit to be published."""
