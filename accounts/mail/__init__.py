"""Mail to people: composed, enqueued, sent."""
