"""Fuzzing from the trusted side: what a hostile worker, notebook or Report can send to the grader.

`source` turns bytes into choices, `frames` and `documents` make hostile input from choices, and
`targets` feed it to the grader's readers and look at what comes out. Three engines drive them:
hypothesis (test_targets), a coverage-guided fuzzer (`python -m tests.fuzz.guided`) and a long run
from one seed (`python -m tests.fuzz.long`).
"""
