"""Exports of platforms, honest and hostile ones, on the way into submitted/."""
