"""Work with Gradescope: build the zip file to upload, and write the results in the container."""
