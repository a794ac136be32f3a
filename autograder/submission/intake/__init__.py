"""From a learning platform's export to `submitted/STUDENT/ASSIGNMENT`, without trust.

There are five steps, with a module each: list archives and folders without opening anything
harmful (`archives`), recognise the platform and who submitted which file (`platforms`), match the
senders to students of the course (`roster`), choose a notebook for each problem (`choosing`), and
put it in its place without losing what was there (`placing`). No name from outside becomes part of
a path that is written to, except a student's name, which is checked letter by letter.
"""
