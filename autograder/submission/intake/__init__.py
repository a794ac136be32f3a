"""Put an untrusted export of a learning platform into `submitted/STUDENT/ASSIGNMENT`.

There are six steps, and each step has a module:

1. `archives` lists archives and folders without opening anything harmful.
2. `recognising` finds out which platform made an export, and who submitted which file. `platforms`
   knows how each platform names files.
3. `tables` adds data about the senders from Moodle's grading worksheet and lists of groups, which
   `worksheets` reads.
4. `roster` matches the senders to students of the course; `known` finds senders among the people
   whom the course knows, so that nobody gets two folders.
5. `choosing` chooses a notebook for each problem.
6. `placing` puts the notebooks into `submitted/` without losing an earlier submission.

Names from outside are untrusted. Only a student's name becomes part of a path that is written to,
and this name is checked letter by letter.
"""
