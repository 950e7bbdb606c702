"""The engines that need torch, in a process and an environment of their own: alignment by wav2vec2
(whisperx), diarization by pyannote.audio, voices that clone (Pocket TTS, F5-TTS), the Perth
watermark.

`python -m inference_service.torch_engines` serves the main service's protos on a Unix socket, and
nothing else listens there. Nothing outside this package imports it: the main service has
`torch_link`. requirements/inference-torch.txt is what it runs on.
"""
