"""Speakers of a finished transcript: counted again from stored embeddings, and their retention."""
