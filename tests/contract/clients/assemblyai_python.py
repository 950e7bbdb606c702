"""Run by a real `assemblyai`, in an environment of its own: BASE_URL, KEY, RECORDING.

Prints what it got as one line of JSON; the test reads it.
"""

import json
import sys
import urllib.request

import assemblyai as aai

base_url, key, recording = sys.argv[1:]
aai.settings.base_url = base_url
aai.settings.api_key = key
aai.settings.polling_interval = 0.2
transcriber = aai.Transcriber()


def error_of(call):
    try:
        call()
    except aai.AssemblyAIError as error:
        return [type(error).__name__, error.status_code]


config = aai.TranscriptionConfig(language_code="en", keyterms_prompt=["meeting"])
done = transcriber.transcribe(recording, config)
refused = transcriber.transcribe(
    recording,
    aai.TranscriptionConfig(
        language_code="en",
        redact_pii=True,
        redact_pii_policies=[aai.PIIRedactionPolicy.email_address],
    ),
)
beeped = transcriber.transcribe(
    recording,
    aai.TranscriptionConfig(
        language_code="en",
        redact_pii=True,
        redact_pii_audio=True,
        redact_pii_policies=[aai.PIIRedactionPolicy.email_address],
    ),
)
address = beeped.get_redacted_audio_url()
with urllib.request.urlopen(address) as sound:  # noqa: S310  # the server's own
    sound_type, sound_size = sound.headers["Content-Type"], len(sound.read())
aai.Transcript.delete_by_id(beeped.id)
page = transcriber.list_transcripts(aai.ListTranscriptParameters(limit=1))
matches = done.word_search(["Friday", "next meeting"])
deleted = aai.Transcript.delete_by_id(refused.id)


def with_key(api_key, call):
    settings = aai.Settings(base_url=base_url, api_key=api_key)
    return call(aai.Transcriber(client=aai.Client(settings=settings)))


print(
    json.dumps(
        {
            "status": done.status.value,
            "text": done.text,
            "words": [word.text for word in done.words],
            "times": [[word.start, word.end] for word in done.words],
            "confidence": done.confidence,
            "duration": done.audio_duration,
            "sentences": [each.text for each in done.get_sentences()],
            "paragraphs": [each.text for each in done.get_paragraphs()],
            "srt": done.export_subtitles_srt(),
            "vtt": done.export_subtitles_vtt(chars_per_caption=20),
            "matches": [[match.text, match.count, match.indexes] for match in matches],
            "page": [page.page_details.result_count, page.transcripts[0].id == refused.id],
            "sound": [sound_type, sound_size > 1000],
            "deleted": deleted.id == refused.id,
            "errors": [
                error_of(lambda: with_key("wrong", lambda each: each.upload_file(recording))),
                error_of(
                    lambda: transcriber.submit(
                        recording, aai.TranscriptionConfig(multichannel=True)
                    )
                ),
                error_of(lambda: aai.Transcript.get_by_id(refused.id)),
            ],
        }
    )
)
