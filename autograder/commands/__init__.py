"""The commands of `fdl` beyond marking, a module for each kind of work; `autograder.cli` has all."""
