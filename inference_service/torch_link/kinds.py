"""What both sides call the torch engines."""

WAV2VEC2 = "wav2vec2"
ALIGNER, DIARIZER, WATERMARK = "aligner", "diarizer", "watermark"
# For people. Other diarizers go by the names of their folders.
NAMES = {
    WAV2VEC2: "wav2vec2 forced alignment (whisperx)",
    "pyannote-campplus": "pyannote.audio 4 with segmentation 3.0 and CAM++",
    "pyannote-community-1": "pyannote.audio community-1",
    "pyannote-3.1": "pyannote.audio speaker diarization 3.1",
    "perth": "Perth watermark",
}
