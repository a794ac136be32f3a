"""A trial with a large class: rate, memory, a kill, and a second run."""
