"""Templates: outlines of notes, whose sections are answered from a transcript."""
