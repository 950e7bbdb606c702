"""Plain text work on words and segments: no database, no Django, no other part of the app."""
