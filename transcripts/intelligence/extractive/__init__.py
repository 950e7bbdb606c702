"""Answers that are quoted from the text, never written: each with its place.

Functions over sentences, their vectors and the language. They work in every language that the
embedding model knows; rules by words (`cues`) are there for English and Czech only.
"""
