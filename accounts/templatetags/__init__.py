"""What the templates of all pages ask for."""
