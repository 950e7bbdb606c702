"""Our clients against a server that delays, cuts and refuses: real sockets, no product."""
