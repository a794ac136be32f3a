"""The platforms that the kit works with: nbgrader, Gradescope and GitHub."""
