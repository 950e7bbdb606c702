"""What both sides call the torch engines, and what these may be used for."""

from inference_service.catalog.speaker_models import SPEAKER_MODELS

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
# SPDX. The aligner has none of its own: its models are the operator's choice. Those of the
# catalogue are the catalogue's; the others by their cards, and Perth by its wheel.
LICENCES = {
    "pyannote-community-1": "CC-BY-4.0",
    "pyannote-3.1": "MIT AND CC-BY-4.0",
    "perth": "MIT",
    **{model.id: model.licence.spdx for model in SPEAKER_MODELS},
}
