"""From what a learning platform exports to `submitted/STUDENT/ASSIGNMENT`, without trust.

Four steps, a module each: look into archives and folders without opening anything that could do
harm (`archives`), recognise whose export it is and who handed in which file (`platforms`), find out
who that is in the course (`roster`), choose a notebook for each problem (`choosing`) and put it
where it belongs without losing what was there (`placing`). No name that comes from outside is ever
part of a path that is written to, except a student's, and that is checked letter by letter.
"""
