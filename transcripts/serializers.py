"""The shapes of answers, for the OpenAPI document. A test holds real answers against them."""

from rest_framework import serializers

from transcripts.gaps.models import GapReason
from transcripts.models import Origin, Source, Status
from transcripts.option_fields import form_fields
from transcripts.options import RESPONSE_FORMATS, TASKS, TranscriptionOptions

UNMEASURED = "null in an import that told none."


class WarningSerializer(serializers.Serializer[object]):
    code = serializers.CharField()
    message = serializers.CharField()
    gaps = serializers.IntegerField(
        required=False, help_text="Of `speech_not_transcribed`: how many gaps."
    )
    seconds = serializers.FloatField(required=False, help_text="The same: how long in all.")


class GapSerializer(serializers.Serializer[object]):
    """Speech that is not in the text."""

    id = serializers.CharField()
    start = serializers.FloatField(help_text="Seconds from the start of the recording.")
    end = serializers.FloatField()
    reason = serializers.ChoiceField(
        choices=[reason.value for reason in GapReason if reason is not GapReason.NOT_SPEECH]
    )
    text = serializers.CharField(
        required=False, help_text="What was recognised there, and not accepted."
    )


class WordSerializer(serializers.Serializer[object]):
    word = serializers.CharField()
    start = serializers.FloatField(help_text="Seconds from the start of the recording.")
    end = serializers.FloatField()
    confidence = serializers.FloatField(
        min_value=0, max_value=1, allow_null=True, help_text=UNMEASURED
    )
    timing = serializers.ChoiceField(
        choices=["aligned", "attention", "interpolated", "imported"],
        required=False,
        help_text="How the word got its times: by forced alignment with the sound, by the"
        " recogniser's attention, by length between its neighbours, or from an imported file.",
    )


class SegmentSerializer(serializers.Serializer[object]):
    start = serializers.FloatField()
    end = serializers.FloatField()
    text = serializers.CharField()
    speaker = serializers.CharField(allow_null=True, help_text="null without diarization.")
    confidence = serializers.FloatField(
        min_value=0, max_value=1, allow_null=True, help_text=UNMEASURED
    )
    language = serializers.CharField(allow_null=True)
    words = WordSerializer(many=True)
    gap = serializers.CharField(
        required=False, help_text="With `include_gaps`: this segment stands for that gap."
    )


class DiarizationSerializer(serializers.Serializer[object]):
    engine = serializers.CharField()


class TranscriptionSerializer(serializers.Serializer[object]):
    """The answer of POST /v1/transcribe."""

    text = serializers.CharField(allow_blank=True)
    language = serializers.CharField(
        allow_null=True, help_text="null where it isn't known, or no word was spoken."
    )
    duration = serializers.FloatField(help_text="Seconds.")
    segments = SegmentSerializer(many=True)
    speakers = serializers.ListField(child=serializers.CharField())
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Status.choices)
    model = serializers.CharField(help_text="The model that really ran.", allow_blank=True)
    engine = serializers.CharField(allow_blank=True)
    language_probability = serializers.FloatField(allow_null=True)
    diarization = DiarizationSerializer(allow_null=True)
    warnings = WarningSerializer(many=True)
    gaps = GapSerializer(many=True, help_text="Speech that is not in the text.")


class VerboseSegmentSerializer(SegmentSerializer):
    """With the recogniser's measures, as OpenAI names them."""

    id = serializers.IntegerField(help_text="From 0.")
    seek = serializers.IntegerField(help_text="Always 0.")
    tokens = serializers.ListField(child=serializers.IntegerField(), help_text="Always empty.")
    temperature = serializers.FloatField(allow_null=True)
    avg_logprob = serializers.FloatField(allow_null=True)
    compression_ratio = serializers.FloatField(allow_null=True)
    no_speech_prob = serializers.FloatField(allow_null=True)


class VerboseTranscriptionSerializer(TranscriptionSerializer):
    """The answer for `verbose_json`: also all words at the top level."""

    task = serializers.ChoiceField(choices=TASKS)
    segments = VerboseSegmentSerializer(many=True)
    words = WordSerializer(many=True)


class ExportedTranscriptionSerializer(TranscriptionSerializer):
    """The export `json`: with its title, and where it comes from."""

    title = serializers.CharField(allow_blank=True)
    origin = serializers.CharField(required=False, help_text="Not with `notice=false`.")
    notice = serializers.CharField(required=False, help_text="The same, as a sentence.")


class TranscriptionRequestSerializer(serializers.Serializer[object]):
    """The form of POST /v1/transcribe."""

    file = serializers.FileField(
        required=False, help_text="Audio or video, recognised by its content."
    )
    url = serializers.CharField(
        required=False, help_text="In place of the file: the address it is fetched from (a key's)."
    )
    response_format = serializers.ChoiceField(choices=RESPONSE_FORMATS, default="json")

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """Add the options, and `async`, which is no name for a Python attribute."""
        helped = "Answer 202 at once, and work on it in the background."
        return (
            super().get_fields()
            | form_fields(TranscriptionOptions)
            | {"async": serializers.BooleanField(default=False, help_text=helped)}
        )


class ProgressSerializer(serializers.Serializer[object]):
    done_s = serializers.FloatField(help_text="Audio seconds that are settled.")
    total_s = serializers.FloatField(allow_null=True)


class TranscriptStateSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Status.choices)
    queue_position = serializers.IntegerField(allow_null=True, help_text="1 is the next.")
    progress = ProgressSerializer()


class AcceptedSerializer(TranscriptStateSerializer):
    token = serializers.CharField(
        required=False, help_text="Without a key: opens this transcript, as a bearer token."
    )


class JobErrorSerializer(serializers.Serializer[object]):
    code = serializers.CharField()
    message = serializers.CharField()


class TranscriptSummarySerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Status.choices)
    title = serializers.CharField(allow_blank=True)
    file_name = serializers.CharField(allow_blank=True)
    size_bytes = serializers.IntegerField()
    duration = serializers.FloatField(help_text="Seconds.")
    language = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_blank=True)
    model_requested = serializers.CharField()
    task = serializers.ChoiceField(choices=TASKS)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a Field's own name
        choices=Source.choices
    )
    tags = serializers.ListField(child=serializers.CharField())
    language_note = serializers.CharField(allow_blank=True)
    revision = serializers.IntegerField(help_text="0: as the machine wrote it.")
    origin = serializers.ChoiceField(
        choices=Origin.choices, help_text="Who wrote it at first; unknown of most imports."
    )
    is_corrected = serializers.BooleanField(help_text="Corrected by a person.")
    audio_deleted_at = serializers.DateTimeField(
        allow_null=True, help_text="When the account's retention removed the recording."
    )
    credits_charged = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    error = JobErrorSerializer(allow_null=True)
    warnings = WarningSerializer(many=True)
    gap_seconds = serializers.FloatField(help_text="Of speech that is not in the text.")


class HighlightSerializer(serializers.Serializer[object]):
    """A place that a search found, with what is around it."""

    segment = serializers.CharField(allow_null=True, help_text="null: in the title.")
    start = serializers.FloatField(allow_null=True)
    end = serializers.FloatField(allow_null=True)
    text = serializers.CharField()
    html = serializers.CharField(help_text="Escaped, with <mark> around what was found.")


class FoundTranscriptSerializer(TranscriptSummarySerializer):
    highlights = HighlightSerializer(many=True, required=False, help_text="With `search` only.")


class TranscriptPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = FoundTranscriptSerializer(many=True)


class TranscriptDetailSerializer(TranscriptionSerializer, TranscriptSummarySerializer):
    queue_position = serializers.IntegerField(allow_null=True)
    progress = ProgressSerializer()


class ModelSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    languages = serializers.IntegerField(help_text="How many.")
    speed = serializers.ChoiceField(choices=["very_fast", "fast", "standard"])
    available = serializers.BooleanField(help_text="Its weights are installed here.")
    served_by = serializers.CharField(
        allow_null=True, help_text="The model that runs when this one is asked for."
    )
    engine = serializers.CharField()
    install_hint = serializers.CharField(allow_blank=True)


class OpenAiModelSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField()
    owned_by = serializers.CharField()


class EngineSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(
        choices=["aligner", "diarizer", "watermark", "enhancer", "voice"]
    )
    available = serializers.BooleanField()
    install_hint = serializers.CharField(allow_blank=True)
    languages = serializers.ListField(
        child=serializers.CharField(), help_text="An aligner's or a voice engine's."
    )
    licence = serializers.CharField(allow_blank=True, help_text="Of the weights, where known.")


class ModelListSerializer(serializers.Serializer[object]):
    models = ModelSerializer(many=True)
    engines = EngineSerializer(
        many=True, help_text="What a server may have or not: those not installed as well."
    )
    default_model = serializers.CharField(allow_blank=True)
    object = serializers.CharField()
    stt = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="As Deepgram's clients read them, which send `Authorization: Token`.",
    )
    tts = serializers.ListField(child=serializers.DictField(), required=False, max_length=0)

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """Add `data`, which is a serializer's own name."""
        return super().get_fields() | {"data": OpenAiModelSerializer(many=True)}


class LanguageSerializer(serializers.Serializer[object]):
    code = serializers.CharField()
    name = serializers.CharField()


class LanguageListSerializer(serializers.Serializer[object]):
    languages = LanguageSerializer(many=True)


class FormatSerializer(serializers.Serializer[object]):
    extension = serializers.CharField()
    name = serializers.CharField()
    mime = serializers.CharField()
    video = serializers.BooleanField()


class FormatListSerializer(serializers.Serializer[object]):
    formats = FormatSerializer(many=True)


class HealthSerializer(serializers.Serializer[object]):
    status = serializers.ChoiceField(choices=["ok", "degraded"])
    gpu_available = serializers.BooleanField()
    gpu_name = serializers.CharField(allow_null=True)
    gpu_memory_mb = serializers.IntegerField()
    gpu_failure = serializers.CharField(
        required=False, help_text="Only where a GPU is there and can't be used: why."
    )
    database = serializers.ChoiceField(choices=["ok", "down"])
    inference = serializers.ChoiceField(choices=["ok", "down"])
    recognition = serializers.ChoiceField(
        choices=["ok", "not_installed", "down"],
        help_text="`not_installed`: no recogniser is here yet, so recognition answers 503.",
    )
    torch_engines = serializers.ChoiceField(
        choices=["ok", "not_installed", "down"],
        help_text="The optional process of the engines that need torch. Recognition works without"
        " it, so it never makes the status `degraded`.",
    )


class CloudDeviceSerializer(serializers.Serializer[object]):
    kind = serializers.CharField(help_text="cpu or cuda")
    name = serializers.CharField()
    memory_bytes = serializers.IntegerField(help_text="Of the accelerator; 0 on a CPU.")
    compute_type = serializers.CharField()


class CloudModelSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    loaded = serializers.BooleanField()
    memory_bytes = serializers.IntegerField(help_text="0 if it is not loaded.")


class CloudQueueSerializer(serializers.Serializer[object]):
    priority = serializers.CharField(help_text="live, short or bulk")
    waiting = serializers.IntegerField(help_text="Windows of audio that wait.")
    running = serializers.IntegerField(help_text="Recordings that are being worked on.")


class CloudInstanceSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    region = serializers.CharField(allow_blank=True)
    gpu = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(
        choices=["active", "draining"], help_text="As the operator set it."
    )
    health = serializers.ChoiceField(
        choices=["ok", "draining", "unreachable"], help_text="As it says itself, just now."
    )
    device = CloudDeviceSerializer(allow_null=True)
    models = CloudModelSerializer(many=True)
    queues = CloudQueueSerializer(many=True)


class CloudSerializer(serializers.Serializer[object]):
    instances = CloudInstanceSerializer(many=True)
