"""The kit: releases an assignment, marks submissions behind a sandbox, records the marks."""
