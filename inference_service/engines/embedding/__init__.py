"""Texts as vectors: what embeds, and how its published weights become what is loaded here."""
