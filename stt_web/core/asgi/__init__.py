"""Layers and protocols in front of Django."""
