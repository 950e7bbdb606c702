"""Personal data in texts, found by rules: forms, checksums and the words around them."""
