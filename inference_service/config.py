"""The settings of the inference service, read once from the environment and checked at start.

`docs/operating.md` lists every variable. A value that can't be used stops the start with a
sentence that names the variable, what it holds and what it should hold.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEVICES = ("auto", "cpu", "cuda")
COMPUTE_TYPES = (
    "auto",
    "int8",
    "int8_float16",
    "int8_bfloat16",
    "int8_float32",
    "float16",
    "bfloat16",
    "float32",
)
ALIGNMENT = ("auto", "wav2vec2", "pocketsphinx", "off")
_DEFAULT_LISTEN = "127.0.0.1:50051"
_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True}
_BOOLEANS |= {"0": False, "false": False, "no": False, "off": False}


class BadConfigError(ValueError):
    """A variable of the environment holds something that can't be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    listen: str = _DEFAULT_LISTEN
    token: str = ""  # empty: no token is asked for
    tls_cert: Path | None = None
    tls_key: Path | None = None
    metrics_listen: str = ""  # empty: off
    otlp_url: str = ""  # where traces go; empty: off
    models_dir: Path = Path("var/models")
    default_model: str = ""
    device: str = "auto"
    compute_type: str = "auto"
    cpu_threads: int = 0  # 0: as many as there are cores
    batch_size: int = 0  # 0: what suits the device
    model_ttl_s: float = 600.0
    model_memory_mb: int | None = None  # 0: no bound; None: what suits the accelerator
    device_memory_mb: int = 0  # of the accelerator; found at the start, not set
    max_sessions: int = 64
    max_live_sessions: int = 64
    max_text_calls: int = 64
    language_model: str = ""  # empty: the best one installed
    llm_url: str = ""  # empty: no text leaves this server
    llm_api_key: str = ""
    llm_model: str = ""
    llm_context: int = 8_192
    llm_threads: int = 0
    llm_parallel: int = 0
    llm_stall_s: float = 60.0
    drain_grace_s: float = 30.0
    connection_age_s: float = 90.0
    catalogue_file: Path | None = None  # further models, by the operator
    offline: bool = False
    weights_dir: Path | None = None
    weights_url: str = ""  # empty: no mirror
    weights_from_index: bool = True
    reflection: bool = False  # whether any client may list the services
    # Which aligner is asked first; "pocketsphinx": no other, "off": the recogniser's own times.
    alignment: str = "auto"
    torch_socket: Path = Path("var/torch.sock")  # of the process of the torch engines
    torch_threads: int = 0  # 0: half of the cores
    takes_payments: bool = False  # the web tier's setting; some weights' licences forbid it


def read_config(environ: Mapping[str, str] = os.environ) -> Config:
    """Read `STT_*`. Raises BadConfigError."""
    reader = _EnvironmentReader(environ)
    data_dir = reader.path("STT_DATA_DIR") or Path("var")
    config = Config(
        listen=_check_address("STT_INFERENCE_LISTEN", reader.text("STT_INFERENCE_LISTEN"))
        or _DEFAULT_LISTEN,
        token=reader.text("STT_INFERENCE_TOKEN"),
        tls_cert=reader.path("STT_INFERENCE_TLS_CERT"),
        tls_key=reader.path("STT_INFERENCE_TLS_KEY"),
        metrics_listen=_check_address("STT_METRICS_LISTEN", reader.text("STT_METRICS_LISTEN")),
        otlp_url=_check_url("STT_OTLP_URL", reader.text("STT_OTLP_URL")),
        models_dir=reader.path("STT_MODELS_DIR") or (data_dir / "models").absolute(),
        default_model=reader.text("STT_DEFAULT_MODEL"),
        device=reader.choice("STT_DEVICE", DEVICES),
        compute_type=reader.choice("STT_COMPUTE_TYPE", COMPUTE_TYPES),
        cpu_threads=reader.integer("STT_CPU_THREADS", 0),
        batch_size=reader.integer("STT_BATCH_SIZE", 0),
        model_ttl_s=reader.seconds("STT_MODEL_TTL_S", 600.0),
        model_memory_mb=reader.optional_integer("STT_MODEL_MEMORY_MB"),
        max_sessions=reader.integer("STT_MAX_SESSIONS", 64, at_least=1),
        max_live_sessions=reader.integer("STT_MAX_LIVE_SESSIONS", 64, at_least=1),
        max_text_calls=reader.integer("STT_MAX_TEXT_CALLS", 64, at_least=1),
        language_model=reader.text("STT_LANGUAGE_MODEL"),
        llm_url=_check_url("STT_LLM_URL", reader.text("STT_LLM_URL")),
        llm_api_key=reader.text("STT_LLM_API_KEY"),
        llm_model=reader.text("STT_LLM_MODEL"),
        llm_context=reader.integer("STT_LLM_CONTEXT", 8_192, at_least=512),
        llm_threads=reader.integer("STT_LLM_THREADS", 0),
        llm_parallel=reader.integer("STT_LLM_PARALLEL", 0),
        llm_stall_s=reader.seconds("STT_LLM_STALL_S", 60.0),
        drain_grace_s=reader.seconds("STT_INFERENCE_DRAIN_S", 30.0),
        connection_age_s=reader.seconds("STT_INFERENCE_CONNECTION_S", 90.0),
        catalogue_file=reader.path("STT_CATALOGUE_FILE"),
        offline=reader.boolean("STT_OFFLINE"),
        weights_dir=reader.path("STT_WEIGHTS_DIR"),
        weights_url=_check_url("STT_WEIGHTS_URL", reader.text("STT_WEIGHTS_URL")),
        weights_from_index=reader.boolean("STT_WEIGHTS_FROM_INDEX", default="true"),
        reflection=reader.boolean("STT_INFERENCE_REFLECTION"),
        alignment=reader.choice("STT_ALIGNMENT", ALIGNMENT),
        torch_socket=reader.path("STT_TORCH_SOCKET") or (data_dir / "torch.sock").absolute(),
        torch_threads=reader.integer("STT_TORCH_THREADS", 0),
        takes_payments=bool(reader.text("STT_STRIPE_SECRET_KEY")),
    )
    if bool(config.tls_cert) != bool(config.tls_key):
        raise BadConfigError(
            "STT_INFERENCE_TLS_CERT and STT_INFERENCE_TLS_KEY must be set together, or neither."
        )
    if config.llm_url and (not config.llm_model or config.llm_url.startswith("file:")):
        raise BadConfigError(
            "With STT_LLM_URL (https:// or http://, up to /v1) STT_LLM_MODEL must name the model."
        )
    return config


@dataclass(frozen=True, slots=True)
class _EnvironmentReader:
    environ: Mapping[str, str]

    def text(self, name: str) -> str:
        return self.environ.get(name, "").strip()

    def path(self, name: str) -> Path | None:
        value = self.text(name)
        return Path(value).expanduser().absolute() if value else None

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return the value, or the first choice where there is none."""
        value = self.text(name) or choices[0]
        if value not in choices:
            raise BadConfigError(f"{name} is {value!r}, but must be one of {', '.join(choices)}.")
        return value

    def integer(self, name: str, default: int, *, at_least: int = 0) -> int:
        value = self.text(name) or str(default)
        if not value.isascii() or not value.isdigit() or int(value) < at_least:
            raise BadConfigError(
                f"{name} is {value!r}, but must be a whole number, at least {at_least}."
            )
        return int(value)

    def optional_integer(self, name: str) -> int | None:
        return self.integer(name, 0) if self.text(name) else None

    def seconds(self, name: str, default: float) -> float:
        value = self.text(name) or str(default)
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < float("inf"):
            raise BadConfigError(f"{name} is {value!r}, but must be a number of seconds.")
        return seconds

    def boolean(self, name: str, *, default: str = "false") -> bool:
        value = self.text(name).lower() or default
        if value not in _BOOLEANS:
            raise BadConfigError(f"{name} is {value!r}, but must be true or false.")
        return _BOOLEANS[value]


def _check_address(name: str, value: str) -> str:
    """Pass `host:port` and the empty string through."""
    host, _, port = value.rpartition(":")
    is_port = port.isascii() and port.isdigit() and int(port) < 65536
    if value and not (host and is_port):
        raise BadConfigError(f"{name} is {value!r}, but must be an address like 127.0.0.1:50051.")
    return value


def _check_url(name: str, value: str) -> str:
    """Pass an address and the empty string through."""
    if value and not value.startswith(("https://", "http://", "file:///")):
        raise BadConfigError(
            f"{name} is {value!r}, but must be an address like https://mirror.example.com/weights."
        )
    return value
