"""What a course is made of: its notebooks' cells, directives and folders."""
