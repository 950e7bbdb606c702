"""The endpoints of texts and of what is made of transcripts."""
