"""Names of speakers, suggested from what is said: never applied unasked.

cues       the sentences by which people name themselves, or each other
suggest    from a document to suggestions, each with its evidence
model      what a language model suggests, where it is borne out by the line that it cites
"""
