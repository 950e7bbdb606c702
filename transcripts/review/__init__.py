"""The places of a text that are most likely wrong, and which of them a person found right."""
