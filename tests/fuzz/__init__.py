"""Fuzzing of the trusted side with data that a hostile worker, notebook or Report can send.

`source` turns bytes into choices, `frames` and `documents` make hostile input from choices, and
`targets` give this input to the grader's readers and check the results. Three engines run the
targets: hypothesis (test_targets), a coverage-guided fuzzer (`python -m tests.fuzz.guided`) and a
long run from one seed (`python -m tests.fuzz.long`).
"""
