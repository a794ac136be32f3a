"""Submissions, read without trust and brought into the form of the released notebooks.

`read_submission` takes the folder as it was sent (or one notebook) and returns a notebook to run
for every problem. Such a notebook has all the released cells in the released order, with the
released metadata. The student's answers are in the answer cells, and the student's own extra cells
stay where they were. No content of a file can make `read_submission` fail: a file that can't be
read is reported, and the rest of the submission is still marked.

There are three steps:

- Find the files. Only regular files are opened, and no link is followed.
- Read each one: JSON of any nbformat, checked piece by piece. Outputs and metadata are dropped.
- Fit the student's cells to the released ones.

A cell is recognised by its nbgrader id, else by its cell id, else by the names it defines, else by
its text.
"""
