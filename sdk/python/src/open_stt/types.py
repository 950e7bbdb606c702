"""What the API answers. Generated from its OpenAPI document by `sdk.generate`."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import NotRequired, TypedDict

__all__ = [
    "Accepted",
    "Account",
    "Address",
    "Analysis",
    "AnswerWarning",
    "AnyTranscription",
    "ApiKey",
    "ApiKeyPage",
    "Attempt",
    "BenchReport",
    "ChatAnswer",
    "ChatSession",
    "ChatSessionPage",
    "ChatSource",
    "ChatTurn",
    "ClientSecret",
    "Cloud",
    "CloudDevice",
    "CloudInstance",
    "CloudModel",
    "CloudQueue",
    "Comment",
    "CommentList",
    "Content",
    "Conversation",
    "Coverage",
    "CreditPack",
    "Day",
    "DeepgramAnswer",
    "Delivery",
    "DeliveryDetail",
    "DeliveryPage",
    "Diarization",
    "Difference",
    "DoctorReport",
    "EditableSegment",
    "Edited",
    "EditedWord",
    "EmbedWarning",
    "Embeddings",
    "Endpoint",
    "EndpointPage",
    "Engine",
    "Enhancement",
    "EnhancementPage",
    "EnhancementProgress",
    "EnhancementWarning",
    "Error",
    "Evidence",
    "ExportPreparing",
    "ExportedTranscription",
    "Figure",
    "Figures",
    "Finding",
    "Format",
    "FormatList",
    "FoundTranscript",
    "Gap",
    "GapAnswer",
    "Glossary",
    "GlossaryFix",
    "GlossaryFixList",
    "Grant",
    "Health",
    "Highlight",
    "Invoice",
    "InvoicePage",
    "Job",
    "JobError",
    "Language",
    "LanguageList",
    "LibraryAnswer",
    "LibraryConversation",
    "LibraryCoverage",
    "LibrarySource",
    "LibraryTurn",
    "Limits",
    "LintReport",
    "Loudness",
    "MadeAnalysis",
    "MadeContent",
    "MadeSummary",
    "MadeTranslation",
    "Model",
    "ModelList",
    "ModelWeights",
    "NameEvidence",
    "NameSuggestion",
    "NameSuggestions",
    "NewApiKey",
    "NewEndpoint",
    "NewSecret",
    "NewShare",
    "NoteTemplate",
    "NoteTemplateList",
    "Occurrence",
    "OccurrenceList",
    "Offers",
    "OpenAiModel",
    "OutlineSection",
    "Parts",
    "Peaks",
    "PeaksPreparing",
    "Plan",
    "PlanOffer",
    "Processing",
    "Progress",
    "QuotedSentence",
    "Recounted",
    "RedactedAudioPreparing",
    "Result",
    "ResultPage",
    "Retention",
    "Revision",
    "RevisionPage",
    "Risk",
    "RiskList",
    "Segment",
    "SegmentDifference",
    "SegmentPage",
    "Sentences",
    "Share",
    "ShareList",
    "Skipped",
    "Speaker",
    "SpeakerList",
    "Step",
    "Summary",
    "TagRule",
    "Term",
    "TextJob",
    "TextJobPage",
    "TextRun",
    "Totals",
    "TranscriptDetail",
    "TranscriptPage",
    "TranscriptState",
    "TranscriptSummary",
    "Transcription",
    "TranslatedPart",
    "TranslatedSegment",
    "TranslatedText",
    "TranslationLanguage",
    "TranslationLanguages",
    "Untranslated",
    "Upload",
    "UploadError",
    "Usage",
    "UsedTemplate",
    "VerboseSegment",
    "VerboseTranscription",
    "Voice",
    "VoiceConsent",
    "VoiceEngine",
    "VoiceJob",
    "VoiceJobPage",
    "VoiceList",
    "Voices",
    "Warning",
    "WeightsOnDisk",
    "Word",
    "WordsChanged",
]


class Accepted(TypedDict):
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    queue_position: int | None
    progress: Progress
    token: NotRequired[str]


class Account(TypedDict):
    email: str
    name: str
    time_zone: str
    language: str
    plan: Plan
    credits: int
    minutes_used: int
    minutes_left: int | None
    limits: Limits
    email_preferences: dict[str, bool]


class Address(TypedDict):
    url: str


class Analysis(TypedDict):
    type: str
    model: str
    approximate: bool
    coverage: Coverage
    result: Any


class AnswerWarning(TypedDict):
    code: str
    message: str


class ApiKey(TypedDict):
    id: str
    name: str
    prefix: str
    scopes: NotRequired[Any]
    created_at: str
    last_used_at: NotRequired[str | None]
    expires_at: NotRequired[str | None]
    created_by_key: NotRequired[str | None]


class ApiKeyPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[ApiKey]


class Attempt(TypedDict):
    started_at: str
    duration_ms: int
    status_code: int | None
    error: str
    response: str


class BenchReport(TypedDict):
    machine: dict[str, Any]
    figures: list[Figure]
    skipped: list[Skipped]
    took_s: float
    remark: str


class ChatAnswer(TypedDict):
    answer: str
    found: bool
    sources: list[ChatSource]
    session_id: str
    model: str
    approximate: bool
    warnings: NotRequired[list[AnswerWarning]]
    unsupported: int
    usage: dict[str, int]
    revision: int


class ChatSession(TypedDict):
    id: str
    title: str
    created_at: str
    updated_at: str


class ChatSessionPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[ChatSession]


class ChatSource(TypedDict):
    segment_order: int
    segment: str
    text: str
    score: float
    start: float
    end: float
    speaker: str | None


class ChatTurn(TypedDict):
    question: str
    answer: str
    found: bool
    sources: list[ChatSource]
    model: str
    revision: int
    is_stale: bool
    created_at: str


class ClientSecret(TypedDict):
    value: str
    expires_at: int
    session: dict[str, Any]


class Cloud(TypedDict):
    instances: list[CloudInstance]


class CloudDevice(TypedDict):
    kind: str
    name: str
    memory_bytes: int
    compute_type: str


class CloudInstance(TypedDict):
    id: str
    name: str
    region: str
    gpu: str
    status: Literal["active", "draining"]
    health: Literal["ok", "draining", "unreachable"]
    device: CloudDevice | None
    models: list[CloudModel]
    queues: list[CloudQueue]


class CloudModel(TypedDict):
    id: str
    loaded: bool
    memory_bytes: int


class CloudQueue(TypedDict):
    priority: str
    waiting: int
    running: int


class Comment(TypedDict):
    id: str
    segment: str
    quote: str
    offset: int
    text: str
    author: str | None
    created_at: str
    updated_at: str


class CommentList(TypedDict):
    results: list[Comment]


class Content(TypedDict):
    type: str
    template: NotRequired[UsedTemplate]
    model: str
    approximate: bool
    coverage: Coverage
    content: str
    data: Any
    warnings: NotRequired[list[AnswerWarning]]
    sentences: NotRequired[list[QuotedSentence]]
    dropped: NotRequired[int]


class Conversation(TypedDict):
    id: str
    title: str
    created_at: str
    updated_at: str
    turns: list[ChatTurn]


class Coverage(TypedDict):
    """How much of the text was read."""

    characters: int
    characters_read: int
    sentences: int
    parts: int
    complete: bool


class CreditPack(TypedDict):
    id: str
    name: str
    credits: int
    price_cents: int
    currency: NotRequired[str]


class Day(TypedDict):
    minutes: int
    jobs: int
    credits: int
    by_kind: dict[str, Figures]
    date: str


class DeepgramAnswer(TypedDict):
    """`metadata` and `results`, as Deepgram's clients read them; with `callback`, `req…"""

    metadata: NotRequired[dict[str, Any]]
    results: NotRequired[dict[str, Any]]
    request_id: NotRequired[str]


class Delivery(TypedDict):
    id: str
    message_id: str
    event: str
    status: NotRequired[Literal["pending", "succeeded", "failed"]]
    tries: NotRequired[int]
    next_try_at: NotRequired[str | None]
    created_at: str
    finished_at: NotRequired[str | None]
    attempts: list[Attempt]


class DeliveryDetail(TypedDict):
    """With the message itself, as it is sent."""

    id: str
    message_id: str
    event: str
    status: NotRequired[Literal["pending", "succeeded", "failed"]]
    tries: NotRequired[int]
    next_try_at: NotRequired[str | None]
    created_at: str
    finished_at: NotRequired[str | None]
    attempts: list[Attempt]
    body: str


class DeliveryPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[Delivery]


class Diarization(TypedDict):
    engine: str


class Difference(TypedDict):
    older: int
    newer: int
    segments: list[SegmentDifference]
    speakers: dict[str, Any]
    fields: dict[str, Any]


class DoctorReport(TypedDict):
    worst: Literal["ok", "warning", "failure"]
    findings: list[Finding]


class EditableSegment(TypedDict):
    id: str
    start: float
    end: float
    text: str
    speaker: str | None
    speaker_number: int | None
    confidence: float | None
    words: list[EditedWord]


class Edited(TypedDict):
    """What an edit left."""

    revision: int
    text_revision: int
    is_corrected: bool
    segments: list[EditableSegment]
    removed: list[str]
    complete: bool
    gaps_changed: bool
    speakers: list[Speaker]


class EditedWord(TypedDict):
    word: str
    start: float
    end: float
    confidence: float | None
    timing: Literal["aligned", "attention", "interpolated", "imported"]


class EmbedWarning(TypedDict):
    code: str
    message: str
    texts: list[int]


class Embeddings(TypedDict):
    embeddings: list[list[float]]
    dimensions: int
    model: str
    warnings: list[EmbedWarning]


class Endpoint(TypedDict):
    id: str
    url: str
    description: NotRequired[str]
    events: NotRequired[Any]
    is_enabled: bool
    disabled_at: NotRequired[str | None]
    disabled_reason: NotRequired[Literal["owner", "gone", "failing", ""]]
    previous_secret_until: NotRequired[str | None]
    created_at: str


class EndpointPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[Endpoint]


class Engine(TypedDict):
    id: str
    name: str
    kind: Literal["aligner", "diarizer", "watermark", "enhancer", "voice"]
    available: bool
    install_hint: str
    languages: list[str]
    licence: str


class Enhancement(TypedDict):
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    file_name: str
    strength: Literal["standard", "light", "full"]
    target: float
    progress: EnhancementProgress
    audio: str | None
    model: str | None
    duration: float | None
    rate: int | None
    channels: int | None
    loudness: Loudness
    warnings: list[EnhancementWarning]
    credits_charged: int
    error: JobError | None
    created_at: str
    finished_at: str | None
    expires_at: str | None


class EnhancementPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[Enhancement]


class EnhancementProgress(TypedDict):
    done_s: float
    total_s: float | None


class EnhancementWarning(TypedDict):
    code: str
    message: str


class Error(TypedDict):
    error: str
    code: str


class Evidence(TypedDict):
    """Where it stands: characters of the text; of a transcript also segments and seconds."""

    characters: list[int]
    segments: NotRequired[list[int]]
    start: NotRequired[float]
    end: NotRequired[float]


class ExportPreparing(TypedDict):
    status: str


class ExportedTranscription(TypedDict):
    """The export `json`: with its title, and where it comes from."""

    text: str
    language: str | None
    duration: float
    segments: list[Segment]
    speakers: list[str]
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    model: str
    engine: str
    language_probability: float | None
    diarization: Diarization | None
    warnings: list[Warning]
    gaps: list[Gap]
    title: str
    origin: NotRequired[str]
    notice: NotRequired[str]


class Figure(TypedDict):
    name: str
    value: float
    unit: str
    detail: str


class Figures(TypedDict):
    minutes: int
    jobs: int
    credits: int


class Finding(TypedDict):
    subject: str
    level: Literal["ok", "warning", "failure"]
    sentence: str
    cure: str


class Format(TypedDict):
    extension: str
    name: str
    mime: str
    video: bool


class FormatList(TypedDict):
    formats: list[Format]


class FoundTranscript(TypedDict):
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    title: str
    file_name: str
    size_bytes: int
    duration: float
    language: str | None
    model: str
    model_requested: str
    task: Literal["transcribe", "translate"]
    source: Literal["upload", "api", "live"]
    tags: list[str]
    language_note: str
    revision: int
    origin: Literal["machine", "unknown"]
    is_corrected: bool
    audio_deleted_at: str | None
    credits_charged: int
    created_at: str
    finished_at: str | None
    error: JobError | None
    warnings: list[Warning]
    gap_seconds: float
    highlights: NotRequired[list[Highlight]]


class Gap(TypedDict):
    """Speech that is not in the text."""

    id: str
    start: float
    end: float
    reason: Literal["not_recognised", "repetition", "low_confidence", "unreadable"]
    text: NotRequired[str]


class GapAnswer(TypedDict):
    """What an edit left."""

    revision: int
    text_revision: int
    is_corrected: bool
    segments: list[EditableSegment]
    removed: list[str]
    complete: bool
    gaps_changed: bool
    speakers: list[Speaker]
    found: bool
    gaps: list[Gap]
    warnings: list[Warning]


class Glossary(TypedDict):
    terms: list[Term]


class GlossaryFix(TypedDict):
    find: str
    replace: str
    count: int
    segments: list[str]


class GlossaryFixList(TypedDict):
    fixes: list[GlossaryFix]


class Grant(TypedDict):
    access_token: str
    expires_in: float


class Health(TypedDict):
    status: Literal["ok", "degraded"]
    gpu_available: bool
    gpu_name: str | None
    gpu_memory_mb: int
    gpu_failure: NotRequired[str]
    database: Literal["ok", "down"]
    inference: Literal["ok", "down"]
    recognition: Literal["ok", "not_installed", "down"]
    torch_engines: Literal["ok", "not_installed", "down"]


class Highlight(TypedDict):
    """A place that a search found, with what is around it."""

    segment: str | None
    start: float | None
    end: float | None
    text: str
    html: str


class Invoice(TypedDict):
    id: str
    number: str
    kind: Literal["invoice", "receipt", "credit_note"]
    corrects: NotRequired[str]
    description: str
    amount_cents: int
    currency: str
    issued_at: str


class InvoicePage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[Invoice]


class Job(TypedDict):
    id: str
    kind: Literal["file", "live", "second_pass", "import"]
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    is_current: bool
    model_requested: str
    model: str
    language: str | None
    diarize: bool
    progress: Progress
    credits_charged: int
    error: JobError | None
    warnings: list[Warning]
    created_at: str
    finished_at: str | None


class JobError(TypedDict):
    code: str
    message: str


class Language(TypedDict):
    code: str
    name: str


class LanguageList(TypedDict):
    languages: list[Language]


class LibraryAnswer(TypedDict):
    answer: str
    found: bool
    sources: list[LibrarySource]
    session_id: str
    model: str
    approximate: bool
    unsupported: int
    warnings: list[AnswerWarning]
    usage: dict[str, int]
    coverage: LibraryCoverage


class LibraryConversation(TypedDict):
    id: str
    title: str
    created_at: str
    updated_at: str
    turns: list[LibraryTurn]


class LibraryCoverage(TypedDict):
    transcripts: int
    searched: int
    complete: bool


class LibrarySource(TypedDict):
    segment_order: int
    segment: str
    text: str
    score: float
    start: float
    end: float
    speaker: str | None
    transcript: str
    title: str
    number: NotRequired[int]


class LibraryTurn(TypedDict):
    question: str
    answer: str
    found: bool
    sources: list[LibrarySource]
    model: str
    revision: int
    is_stale: bool
    created_at: str


class Limits(TypedDict):
    """null: no limit."""

    max_file_bytes: int | None
    concurrency: int | None
    requests_per_minute: int | None
    text_requests_per_minute: int | None


class LintReport(TypedDict):
    profile: dict[str, Any]
    cues: int
    counts: dict[str, int]
    findings: list[dict[str, Any]]


class Loudness(TypedDict):
    before: float | None
    after: float | None
    true_peak: float | None


class MadeAnalysis(TypedDict):
    result_id: str
    revision: int
    type: str
    model: str
    approximate: bool
    coverage: Coverage
    result: Any


class MadeContent(TypedDict):
    result_id: str
    revision: int
    type: str
    template: NotRequired[UsedTemplate]
    model: str
    approximate: bool
    coverage: Coverage
    content: str
    data: Any
    warnings: NotRequired[list[AnswerWarning]]
    sentences: NotRequired[list[QuotedSentence]]
    dropped: NotRequired[int]


class MadeSummary(TypedDict):
    result_id: str
    revision: int
    summary: str
    style: str
    model: str
    approximate: bool
    coverage: Coverage
    sentences: list[QuotedSentence]
    warnings: NotRequired[list[AnswerWarning]]
    dropped: NotRequired[int]


class MadeTranslation(TypedDict):
    result_id: str
    revision: int
    translated_text: str
    source_language: str
    target_language: str
    segments: list[TranslatedSegment]
    untranslated: int
    model: str


class Model(TypedDict):
    id: str
    name: str
    languages: int
    speed: Literal["very_fast", "fast", "standard"]
    available: bool
    served_by: str | None
    engine: str
    install_hint: str


class ModelList(TypedDict):
    models: list[Model]
    engines: list[Engine]
    default_model: str
    object: str
    stt: NotRequired[list[dict[str, Any]]]
    tts: NotRequired[list[dict[str, Any]]]
    data: list[OpenAiModel]


class ModelWeights(TypedDict):
    id: str
    kind: str
    licence: str
    size_bytes: int
    disk_bytes: int
    is_installed: bool
    is_pulling: bool
    pulled_bytes: int
    pull_line: str
    pull_error: str


class NameEvidence(TypedDict):
    segment_order: int
    segment: str
    text: str
    start: float
    end: float
    speaker: str | None


class NameSuggestion(TypedDict):
    speaker: int
    label: str
    name: str
    score: float
    source: str
    evidence: list[NameEvidence]


class NameSuggestions(TypedDict):
    suggestions: list[NameSuggestion]
    model: str


class NewApiKey(TypedDict):
    """The one answer that has the raw key."""

    id: str
    name: str
    prefix: str
    scopes: NotRequired[Any]
    created_at: str
    last_used_at: NotRequired[str | None]
    expires_at: NotRequired[str | None]
    created_by_key: NotRequired[str | None]
    key: str


class NewEndpoint(TypedDict):
    """The one answer that has the secret."""

    id: str
    url: str
    description: NotRequired[str]
    events: NotRequired[Any]
    is_enabled: bool
    disabled_at: NotRequired[str | None]
    disabled_reason: NotRequired[Literal["owner", "gone", "failing", ""]]
    previous_secret_until: NotRequired[str | None]
    created_at: str
    secret: str


class NewSecret(TypedDict):
    secret: str
    previous_secret_until: str


class NewShare(TypedDict):
    id: str
    created_at: str
    expires_at: NotRequired[str | None]
    has_password: bool
    url: str


class NoteTemplate(TypedDict):
    id: str
    name: str
    is_built_in: bool
    sections: list[OutlineSection]


class NoteTemplateList(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[NoteTemplate]


class Occurrence(TypedDict):
    id: str
    start: float
    text: str
    places: list[list[int]]


class OccurrenceList(TypedDict):
    count: int
    segments: list[Occurrence]


class Offers(TypedDict):
    can_buy: bool
    plans: list[PlanOffer]
    packs: list[CreditPack]


class OpenAiModel(TypedDict):
    id: str
    object: str
    created: int
    owned_by: str


class OutlineSection(TypedDict):
    title: str
    instruction: NotRequired[str]
    source: NotRequired[
        Literal[
            "passages",
            "summary",
            "action_items",
            "decisions",
            "questions",
            "topics",
            "quotes",
            "chapters",
            "speakers",
        ]
    ]


class Parts(TypedDict):
    """Parts of the text, sections, steps or sentences."""

    done: int
    of: int | None


class Peaks(TypedDict):
    peaks_per_second: int
    peaks: str


class PeaksPreparing(TypedDict):
    status: str


class Plan(TypedDict):
    id: str
    name: str


class PlanOffer(TypedDict):
    """0: no free minutes (for amounts), no limit (for limits)."""

    id: str
    name: str
    monthly_minutes: NotRequired[int]
    max_file_bytes: int
    concurrency: int
    requests_per_minute: NotRequired[int]
    has_private_cloud: NotRequired[bool]
    price_cents: NotRequired[int]
    currency: NotRequired[str]


class Processing(TypedDict):
    """Of all recordings, but those whose tag has a rule of its own."""

    auto_process: list[
        Literal[
            "summary",
            "bullet_points",
            "title",
            "action_items",
            "chapters",
            "topics",
            "questions",
            "sentiment",
            "key_quotes",
            "meeting_notes",
        ]
    ]
    template: str
    tags: list[TagRule]


class Progress(TypedDict):
    done_s: float
    total_s: float | None


class QuotedSentence(TypedDict):
    text: str
    evidence: Evidence


class Recounted(TypedDict):
    """What an edit left."""

    revision: int
    text_revision: int
    is_corrected: bool
    segments: list[EditableSegment]
    removed: list[str]
    complete: bool
    gaps_changed: bool
    speakers: list[Speaker]
    found: int
    engine: str
    warnings: list[Warning]


class RedactedAudioPreparing(TypedDict):
    status: str
    progress: float


class Result(TypedDict):
    id: str
    kind: Literal["summary", "analysis", "content", "translation", "template"]
    name: str
    model: str
    revision: int
    is_stale: bool
    is_edited: bool
    formats: list[str]
    text: str
    result: Any
    created_at: str
    updated_at: str


class ResultPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[Result]


class Retention(TypedDict):
    audio_days: int | None
    transcript_days: int | None
    embedding_days: NotRequired[int | None]


class Revision(TypedDict):
    number: int
    action: Literal[
        "describe",
        "edit",
        "split",
        "merge",
        "move_words",
        "remove",
        "add_speaker",
        "rename_speaker",
        "merge_speakers",
        "assign_speaker",
        "keep_gap",
        "retry_gap",
        "restore",
        "revert",
        "replace",
        "recount",
        "second_pass",
    ]
    author: str | None
    restored: int | None
    summary: list[WordsChanged]
    created_at: str


class RevisionPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[Revision]


class Risk(TypedDict):
    kind: Literal["words", "gap", "language", "speaker"]
    place: str
    start: float
    end: float
    text: str
    score: float
    first: int
    last: int


class RiskList(TypedDict):
    count: int
    results: list[Risk]


class Segment(TypedDict):
    start: float
    end: float
    text: str
    speaker: str | None
    confidence: float | None
    language: str | None
    words: list[Word]
    gap: NotRequired[str]


class SegmentDifference(TypedDict):
    id: str
    change: Literal["added", "removed", "changed"]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    words: list[TextRun]


class SegmentPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[EditableSegment]


class Sentences(TypedDict):
    """Sentences."""

    done: int
    of: int | None


class Share(TypedDict):
    id: str
    created_at: str
    expires_at: NotRequired[str | None]
    has_password: bool


class ShareList(TypedDict):
    results: list[Share]


class Skipped(TypedDict):
    name: str
    reason: str


class Speaker(TypedDict):
    number: int
    label: str
    name: str


class SpeakerList(TypedDict):
    speakers: list[Speaker]


class Step(TypedDict):
    step: str
    status: str
    result_id: str | None
    error: JobError | None


class Summary(TypedDict):
    summary: str
    style: str
    model: str
    approximate: bool
    coverage: Coverage
    sentences: list[QuotedSentence]
    warnings: NotRequired[list[AnswerWarning]]
    dropped: NotRequired[int]


class TagRule(TypedDict):
    auto_process: list[
        Literal[
            "summary",
            "bullet_points",
            "title",
            "action_items",
            "chapters",
            "topics",
            "questions",
            "sentiment",
            "key_quotes",
            "meeting_notes",
        ]
    ]
    template: str
    tag: str


class Term(TypedDict):
    text: str
    misheard: NotRequired[list[str]]
    tag: NotRequired[str]


class TextJob(TypedDict):
    id: str
    operation: Literal["summarize", "analyze", "generate", "translate", "process"]
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    transcript: str | None
    request: Any
    progress: Parts
    result_id: str | None
    steps: list[Step]
    error: JobError | None
    created_at: str
    finished_at: str | None
    answer: NotRequired[Any]


class TextJobPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[TextJob]


class TextRun(TypedDict):
    op: Literal["equal", "delete", "insert"]
    text: str


class Totals(TypedDict):
    minutes: int
    jobs: int
    credits: int
    by_kind: dict[str, Figures]


class TranscriptDetail(TypedDict):
    """The answer of POST /v1/transcribe."""

    text: str
    language: str | None
    duration: float
    segments: list[Segment]
    speakers: list[str]
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    model: str
    engine: str
    language_probability: float | None
    diarization: Diarization | None
    warnings: list[Warning]
    gaps: list[Gap]
    title: str
    file_name: str
    size_bytes: int
    model_requested: str
    task: Literal["transcribe", "translate"]
    source: Literal["upload", "api", "live"]
    tags: list[str]
    language_note: str
    revision: int
    origin: Literal["machine", "unknown"]
    is_corrected: bool
    audio_deleted_at: str | None
    credits_charged: int
    created_at: str
    finished_at: str | None
    error: JobError | None
    gap_seconds: float
    queue_position: int | None
    progress: Progress


class TranscriptPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[FoundTranscript]


class TranscriptState(TypedDict):
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    queue_position: int | None
    progress: Progress


class TranscriptSummary(TypedDict):
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    title: str
    file_name: str
    size_bytes: int
    duration: float
    language: str | None
    model: str
    model_requested: str
    task: Literal["transcribe", "translate"]
    source: Literal["upload", "api", "live"]
    tags: list[str]
    language_note: str
    revision: int
    origin: Literal["machine", "unknown"]
    is_corrected: bool
    audio_deleted_at: str | None
    credits_charged: int
    created_at: str
    finished_at: str | None
    error: JobError | None
    warnings: list[Warning]
    gap_seconds: float


class Transcription(TypedDict):
    """The answer of POST /v1/transcribe."""

    text: str
    language: str | None
    duration: float
    segments: list[Segment]
    speakers: list[str]
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    model: str
    engine: str
    language_probability: float | None
    diarization: Diarization | None
    warnings: list[Warning]
    gaps: list[Gap]


class TranslatedPart(TypedDict):
    start: float
    end: float
    text: str


class TranslatedSegment(TypedDict):
    segment_order: int
    segment: str
    start: float
    end: float
    speaker: str | None
    text: str
    untranslated: bool
    sentences: list[TranslatedPart]


class TranslatedText(TypedDict):
    """Of `text` one; of `texts` they are in `translations`."""

    translated_text: NotRequired[str]
    source_language: NotRequired[str]
    target_language: str
    untranslated: NotRequired[list[Untranslated]]
    translations: NotRequired[list[dict[str, Any]]]
    model: str


TranslationLanguage = TypedDict(
    "TranslationLanguage",
    {
        "code": "str",
        "name": "str",
        "engine": "str",
        "model": "str",
        "installed": "bool",
        "install_hint": "str",
        "from": "list[str]",
    },
)


class TranslationLanguages(TypedDict):
    languages: list[TranslationLanguage]


class Untranslated(TypedDict):
    text: str
    characters: list[int]
    reason: str


class Upload(TypedDict):
    id: str
    status: Literal["receiving", "received", "submitted", "refused"]
    file_name: str
    offset: int
    length: int | None
    transcript_id: str | None
    error: UploadError | None
    token: NotRequired[str]
    created_at: str
    expires_at: str


class UploadError(TypedDict):
    code: str
    message: str


class Usage(TypedDict):
    days: list[Day]
    totals: Totals


class UsedTemplate(TypedDict):
    id: str
    name: str


class VerboseSegment(TypedDict):
    """With the recogniser's measures, as OpenAI names them."""

    start: float
    end: float
    text: str
    speaker: str | None
    confidence: float | None
    language: str | None
    words: list[Word]
    gap: NotRequired[str]
    id: int
    seek: int
    tokens: list[int]
    temperature: float | None
    avg_logprob: float | None
    compression_ratio: float | None
    no_speech_prob: float | None


class VerboseTranscription(TypedDict):
    """The answer for `verbose_json`: also all words at the top level."""

    text: str
    language: str | None
    duration: float
    segments: list[VerboseSegment]
    speakers: list[str]
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    model: str
    engine: str
    language_probability: float | None
    diarization: Diarization | None
    warnings: list[Warning]
    gaps: list[Gap]
    task: Literal["transcribe", "translate"]
    words: list[Word]


class Voice(TypedDict):
    id: str
    name: str
    description: str
    language: str
    engine: str
    available: bool


class VoiceConsent(TypedDict):
    agreed: bool
    agreed_at: str | None
    terms: str


class VoiceEngine(TypedDict):
    id: str
    name: str
    available: bool
    install_hint: str
    languages: list[str]
    can_clone: bool
    licence: str


class VoiceJob(TypedDict):
    id: str
    status: Literal[
        "queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"
    ]
    voice: str | None
    language: str | None
    characters: int
    progress: Sentences
    model: str
    duration: float
    generation_time: float
    watermark: str | None
    signed: bool
    credits_charged: int
    audio: str | None
    error: JobError | None
    created_at: str
    finished_at: str | None


class VoiceJobPage(TypedDict):
    count: int
    next: str | None
    previous: str | None
    results: list[VoiceJob]


class VoiceList(TypedDict):
    voices: list[Voice]
    engines: list[VoiceEngine]
    watermark: str | None


class Voices(TypedDict):
    status: Literal["idle", "processing", "failed"]


class Warning(TypedDict):
    code: str
    message: str
    gaps: NotRequired[int]
    seconds: NotRequired[float]


class WeightsOnDisk(TypedDict):
    models: list[ModelWeights]
    free_bytes: int
    total_bytes: int
    is_offline: bool


class Word(TypedDict):
    word: str
    start: float
    end: float
    confidence: float | None
    timing: NotRequired[Literal["aligned", "attention", "interpolated", "imported"]]


class WordsChanged(TypedDict):
    before: str
    after: str


AnyTranscription = Transcription | VerboseTranscription
