"""Hidden tests, one folder for each assignment; student code never sees anything in here."""
