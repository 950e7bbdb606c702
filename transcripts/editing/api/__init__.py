"""The API of corrections."""
