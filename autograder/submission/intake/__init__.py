"""Put an untrusted export of a learning platform into `submitted/STUDENT/ASSIGNMENT`.

There are six steps, and each step has a module:

1. `archives` lists archives and folders without opening anything harmful.
2. `recognising` finds the platform's names and who submitted which file; `platforms` reads names.
3. `worksheets` adds what Moodle's grading worksheet and lists of groups say about the senders.
4. `roster` matches the senders to students of the course; `known` finds senders among the people
   whom the course knows, so that nobody gets two folders.
5. `choosing` chooses a notebook for each problem.
6. `placing` puts the notebooks into `submitted/` without losing an earlier submission.

Names from outside are untrusted. Only a student's name becomes part of a path that is written to,
and this name is checked letter by letter.
"""
