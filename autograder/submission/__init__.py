"""Read untrusted submissions, and bring them into the form of the released notebooks.

`read_submission` takes the folder that was sent (or one notebook) and returns a notebook to run
for every problem. Each returned notebook has all the released cells in the released order, with the
released metadata. The student's answers are in the answer cells, and the student's own extra cells
stay where they were. No content of a file can make `read_submission` fail: a file that can't be
read is reported, and the rest of the submission is still marked.

There are three steps:

- Find the files. Only regular files are opened, and no link is followed.
- Read each file as JSON of any nbformat, and check it piece by piece. Outputs and metadata are
  dropped.
- Fit the student's cells to the released cells.

A cell is recognised by its nbgrader id, its cell id or its text. If none of these fits, an answer
is recognised by the names that it defines.
"""
