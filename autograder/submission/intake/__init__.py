"""From a learning platform's export to `submitted/STUDENT/ASSIGNMENT`, without trust.

There are five steps, with a module each:

1. `archives` lists archives and folders without opening anything harmful.
2. `platforms` recognises the platform and who submitted which file.
3. `roster` matches the senders to students of the course.
4. `choosing` chooses a notebook for each problem.
5. `placing` puts the notebooks into `submitted/` without losing an earlier submission.

Of all names from outside, only a student's name becomes part of a path that is written to, and this
name is checked letter by letter.
"""
