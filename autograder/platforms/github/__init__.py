"""Work with GitHub: write a template repository with the visible checks, and collect with Git.

`template` writes the repository that students copy. `repositories` finds each student's repository,
`git` reads a repository without trusting it, and `collect` puts all students' notebooks into
submitted/. Only the template needs GitHub; collecting works with every Git server.
"""
