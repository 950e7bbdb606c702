"""The API of transcription: submitting a recording, following its job."""
