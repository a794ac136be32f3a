"""A large class from its first submission to its last: rate, memory, a kill, and a second run."""
