"""Other services' APIs, answered by this one: people switch by changing one address.

A dialect is four mappings over the services that exist, and no second pipeline:

    request     its fields → `TranscriptionOptions`; what becomes of each is in its table of fields
    answers     a `Document` → its bodies
    errors      an `ApiError` → its shape, also for what is refused before a view runs
    credential  where it puts the key (`accounts.principals`)

Nothing of ours imports a dialect but the wiring: URL table, settings, ASGI application
(tests/test_architecture.py). What the rooms call of one they find by its name in these two.
"""

# Errors at these addresses have another service's shape (`transcripts.dialects`).
ERROR_SHAPES = {
    "/v1/audio/": "transcripts.dialects.openai.errors.as_openai",
    "/v1/models/": "transcripts.dialects.openai.errors.as_openai",
    "/v1/realtime": "transcripts.dialects.openai.errors.as_openai",
    "/v1/listen": "transcripts.dialects.deepgram.errors.as_deepgram",
    "/v1/auth/": "transcripts.dialects.deepgram.errors.as_deepgram",
    "/asr": "transcripts.dialects.whisper_asr.errors.as_whisper_asr",
    "/detect-language": "transcripts.dialects.whisper_asr.errors.as_whisper_asr",
}
# What is sent to callbacks that such a dialect's requests name (`transcripts.webhooks.callbacks`).
CALLBACK_BODIES = {
    "deepgram": "transcripts.dialects.deepgram.callbacks.write_body",
    "assemblyai": "transcripts.dialects.assemblyai.callbacks.write_body",
}
