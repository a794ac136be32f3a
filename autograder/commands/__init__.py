"""The commands of `fdl`: one module for each kind of work."""
