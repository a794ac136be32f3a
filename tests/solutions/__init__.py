"""Tests of the reference solutions."""
