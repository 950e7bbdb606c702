"""`manage.py bench`: what this installation does on this machine, measured as clients see it."""
