"""Pages for people about who they are: profile, keys, security, leaving."""
