"""Hidden tests, one folder for each assignment; nothing here is ever visible to student code."""
