"""Work with Gradescope: build the zip that instructors upload, and the container's results."""
