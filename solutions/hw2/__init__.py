"""Reference solutions of Homework 2: optimization, loss landscape and neural tangent kernel."""
