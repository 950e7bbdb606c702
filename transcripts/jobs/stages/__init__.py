"""The stages of a transcription job, in their order: recognise, diarize, sentences, finalize."""
