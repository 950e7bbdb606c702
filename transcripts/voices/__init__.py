"""Speech made from text: voices, consent to speak in a person's, the work itself, and its mark."""
