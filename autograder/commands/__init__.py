"""The commands of `fdl` beyond marking, one module for each kind of work."""
