"""Tests of the hidden tests: which answers earn an item's points, and which answers lose them."""
