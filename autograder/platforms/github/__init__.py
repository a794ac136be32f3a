"""GitHub: a template repository that runs the visible checks, and collecting by plain Git.

`template` writes the repository that students get copies of. `repositories` says which student has
which repository, `git` reads one without trusting it, and `collect` puts all of them into
submitted/. Only the template is GitHub's own; collecting works with every Git server.
"""
