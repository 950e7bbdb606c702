"""Pages for people. They call services and the public API; no business lives here."""
