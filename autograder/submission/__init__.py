"""What a student handed in, read without trust and put back into the instructor's form.

`read_submission` takes the folder as it was sent (or one notebook of it) and gives, for every
problem, a notebook that is fit to be run: all the released cells in the released order, with the
released metadata, the student's answers in the answer cells, and the student's own further cells
where they stood. Nothing a file holds can make it fail: what can't be read is named as such and the
rest of the submission goes on.

Three steps: find the files (no link is followed, nothing but regular files is opened), read each
(JSON of any nbformat, checked piece by piece; outputs and metadata are left behind), then fit the
student's cells to the released ones. A cell is known by its nbgrader id, else by its cell id, else
by the names that it defines, else by its text.
"""
