"""Sentences from one language into another: engines, and the guards on what they return."""
