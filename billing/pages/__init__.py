"""Pages for people about what their account may do, has, and used."""
