"""Share links: one transcript for readers without an account."""
