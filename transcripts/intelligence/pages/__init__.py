"""Pages of texts: panels of a transcript's page, and what an account has set."""
