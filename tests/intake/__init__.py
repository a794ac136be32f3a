"""Honest and hostile exports of platforms, and their way into submitted/."""
