"""The hidden tests, tested: which answers earn an item, and which lose it."""
