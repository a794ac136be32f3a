"""Work with other platforms: nbgrader, Gradescope and GitHub."""
