"""The engines that one request may use: those of its owner's servers, with the names that ran.

Errors of theirs become answers here (`as_api_error`).
"""

from collections.abc import Callable, Iterator, Sequence

from accounts.models import User
from billing import cloud
from stt_web.core.documentation import DeclaredError
from stt_web.core.errors import ApiError
from transcripts.inference import language
from transcripts.inference.catalog import InferenceUnavailableError
from transcripts.inference.errors import (
    FullError,
    InferenceError,
    ModelNotInstalledError,
    UnavailableError,
    UnsupportedRequestError,
)
from transcripts.inference.language import CancelToken, Embedded, EmbedKind, Generated, Vectors
from transcripts.inference.results import TextModel
from transcripts.inference.routing import Inference, inference_for
from transcripts.inference.servers import Server

WITHIN_S = 280.0
# A model below that (about 1.5 billion weights of 4 bits) writes worse summaries than quoting does.
_GOOD_MODEL_BYTES = 700_000_000
_RETRY_S = 5


# What any call about a text may answer beside what its fields are refused for.
TEXT_ERRORS: tuple[DeclaredError, ...] = (
    InferenceUnavailableError,
    ApiError("The text is empty.", code="empty_text"),
    ApiError("There is no model of that name.", code="unknown_model"),
    ApiError("A language code that there isn't.", code="unknown_language"),
    ApiError("The model lacks the language.", code="language_not_supported"),
    ApiError("The text is too long for the language model.", code="text_too_long"),
    ApiError("More texts than a request may have.", code="too_many_texts"),
    ApiError("Not installed; the sentence names how to.", code="not_installed", status=503),
    ApiError("The inference service is full.", code="inference_full", status=503),
    ApiError("The inference service failed.", code="inference_error", status=503),
    ApiError("As many texts as this server works on.", code="texts_full", status=503),
    ApiError("It took too long.", code="text_timeout", status=503),
    ApiError("The model wrote in another language.", code="model_failed", status=503),
)


class TextEngines:
    """Made where the database may be read; everything else may run in any thread.

    `token` ends what is running. `note_parts` is called with the parts that are done and all there
    are, as far as that is known; `note_progress` with every sign of life. Both may raise, which
    ends the work.
    """

    def __init__(
        self, owner: User | None, *, token: CancelToken, is_interactive: bool = False
    ) -> None:
        self._inference: Inference = inference_for(owner)
        self.is_private = owner is not None and cloud.is_private(owner)
        self.is_interactive = is_interactive
        self.token = token
        self._server: Server | None = None
        self.note_parts: Callable[[int, int], None] = _note_nothing
        self.note_progress: Callable[[], None] = lambda: None
        self.embedder = ""
        self.revision = ""

    @property
    def server(self) -> Server:
        """Return the server of all calls of this request. Raises `UnavailableError`."""
        if self._server is None:
            self._server = self._inference.pick().server
        return self._server

    def embed(self, texts: Sequence[str], *, kind: EmbedKind = "query", model: str = "") -> Vectors:
        """Return vectors of the server's embedder for retrieval and likeness."""
        return self.embed_texts(texts, kind=kind, model=model).vectors

    def embed_texts(self, texts: Sequence[str], *, kind: EmbedKind, model: str = "") -> Embedded:
        embedded = language.embed(
            texts,
            kind=kind,
            model=model,
            server=self.server,
            token=self.token,
            is_interactive=self.is_interactive,
            note_progress=self.note_progress,
        )
        self.embedder, self.revision = embedded.model, embedded.revision
        return embedded

    def embed_queries(self, texts: Sequence[str], *, model: str = "") -> tuple[Vectors, str, str]:
        """Return vectors to search by, the model and its weights' revision."""
        embedded = self.embed_texts(texts, kind="query", model=model)
        return embedded.vectors, embedded.model, embedded.revision

    def embed_passages(self, texts: Sequence[str]) -> tuple[Vectors, str, str]:
        """Return vectors to be found by, the model and its weights' revision."""
        embedded = self.embed_texts(texts, kind="passage")
        return embedded.vectors, embedded.model, embedded.revision

    def translate(
        self, sentences: Sequence[str], *, source: str, target: str, model: str = ""
    ) -> language.Translated:
        return language.translate(
            sentences,
            source=source,
            target=target,
            model=model,
            server=self.server,
            token=self.token,
            is_interactive=self.is_interactive,
            note_parts=self.note_parts,
        )

    def list_translation_languages(self) -> tuple[language.TranslationLanguage, ...]:
        return language.list_translation_languages(server=self.server, token=self.token)

    def generate(
        self,
        messages: Sequence[tuple[str, str]],
        *,
        model: str,
        max_tokens: int,
        json_schema: str = "",
    ) -> Iterator[str | Generated]:
        options = language.WritingOptions(
            model=model,
            json_schema=json_schema,
            max_tokens=max_tokens,
            is_interactive=self.is_interactive,
            is_local_only=self.is_private,
        )
        for event in language.generate(messages, options, server=self.server, token=self.token):
            self.note_progress()
            yield event

    def count_tokens(self, texts: Sequence[str], *, model: str) -> tuple[list[int], int]:
        return language.count_tokens(texts, server=self.server, token=self.token, model=model)

    def find_language_model(self, name: str = "") -> TextModel:
        """Return the installed language model of that name, or the default one.

        Raises ApiError: 400 `unknown_model`, 503 `not_installed` with how to install.
        """
        models = [each for each in self._list_models() if each.kind == "language_model"]
        usable = [each for each in models if not (each.remote and self.is_private)]
        if name and not any(each.id == name for each in usable):
            known = ", ".join(["extractive", *(each.id for each in usable)])
            raise ApiError(
                f"There is no language model {name!r:.100}. This server knows: {known}.",
                code="unknown_model",
            )
        installed = [each for each in usable if each.available and (not name or each.id == name)]
        if not installed:
            raise not_installed([each for each in usable if not name or each.id == name])
        return next((each for each in installed if each.is_default), installed[0])

    def list_embedders(self) -> list[TextModel]:
        """Return those that are installed, the default one first."""
        models = [each for each in self._list_models() if each.kind == "embedder"]
        return sorted(
            (each for each in models if each.available), key=lambda each: not each.is_default
        )

    def check_embedder(self, name: str) -> None:
        """Raise ApiError 400 where the server knows no embedder of that name, installed or not."""
        known = [each.id for each in self._list_models() if each.kind == "embedder"]
        if name not in known:
            raise ApiError(
                f"There is no embedding model {name!r:.100}. This server knows:"
                f" {', '.join(known) or 'none'}.",
                code="unknown_model",
            )

    def find_good_language_model(self) -> TextModel | None:
        """Return the default language model where it writes better than quoting does."""
        try:
            model = self.find_language_model()
        except ApiError:
            return None
        is_good = model.remote or model.size_bytes >= _GOOD_MODEL_BYTES
        return model if is_good else None

    def _list_models(self) -> Sequence[TextModel]:
        return self._inference.list_models().text_models


def _note_nothing(done: int, total: int) -> None:
    """Of a request that no one follows."""


def not_installed(models: Sequence[TextModel]) -> ApiError:
    hints = [each.install_hint for each in models if each.install_hint]
    hint = hints[0] if hints else "Ask the operator of this server for one."
    return ApiError(
        f"No language model is installed on this server, and this can't be quoted from the text."
        f" {hint}",
        code="not_installed",
        status=503,
        extra={"installed": [], "install_hint": hint},
    )


def as_api_error(error: InferenceError, *, token: CancelToken) -> ApiError:
    """Return the answer to a failed call."""
    match error:
        case ModelNotInstalledError():
            return ApiError(error.message, code="not_installed", status=503)
        case UnsupportedRequestError():
            return ApiError(error.message, code="language_not_supported")
        case UnavailableError() if token.left_s() < 1:
            return ApiError(
                f"This took longer than {WITHIN_S:.0f} s. Send a shorter text, or try again when"
                " the server is less busy.",
                code="text_timeout",
                status=503,
                retry_after_s=60,
            )
        case FullError():
            return ApiError(
                "The inference service is full at the moment. Try again shortly.",
                code="inference_full",
                status=503,
                retry_after_s=_RETRY_S,
            )
        case UnavailableError():
            return InferenceUnavailableError()
    return ApiError(
        "The inference service failed at this text. Try again; if it goes on, tell the operator.",
        code="inference_error",
        status=503,
        retry_after_s=_RETRY_S,
    )
