"""Run over a class: mark submissions and record the results."""
