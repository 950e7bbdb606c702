"""Settings are read once, typed, and refused with a sentence."""

from pathlib import Path

import pytest

from inference_service.config import BadConfigError, Config, read_config


def test_an_empty_environment_gives_the_defaults() -> None:
    config = read_config({})
    assert config.listen == "127.0.0.1:50051"
    assert config.models_dir == Path("var/models").absolute()
    assert config.token == ""


def test_settings_are_read_and_typed() -> None:
    config = read_config(
        {
            "STT_DATA_DIR": "/data",
            "STT_INFERENCE_LISTEN": "[::]:1234",
            "STT_DEVICE": "cuda",
            "STT_COMPUTE_TYPE": "float16",
            "STT_CPU_THREADS": "3",
            "STT_MODEL_TTL_S": "1.5",
            "STT_OFFLINE": "yes",
        }
    )
    assert config == Config(
        listen="[::]:1234",
        models_dir=Path("/data/models"),
        torch_socket=Path("/data/torch.sock"),
        device="cuda",
        compute_type="float16",
        cpu_threads=3,
        model_ttl_s=1.5,
        offline=True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STT_INFERENCE_LISTEN", "localhost"),
        ("STT_INFERENCE_LISTEN", "localhost:http"),
        ("STT_METRICS_LISTEN", ":9090"),
        ("STT_DEVICE", "tpu"),
        ("STT_COMPUTE_TYPE", "int4"),
        ("STT_CPU_THREADS", "-1"),
        ("STT_BATCH_SIZE", "many"),
        ("STT_MAX_SESSIONS", "0"),
        ("STT_MODEL_TTL_S", "nan"),
        ("STT_MODEL_TTL_S", "soon"),
        ("STT_OFFLINE", "maybe"),
        ("STT_LLM_URL", "ftp://llm.example.com/v1"),
        ("STT_LLM_URL", "https://llm.example.com/v1"),  # without the model's name
        ("STT_LLM_CONTEXT", "100"),
        ("STT_INFERENCE_TLS_CERT", "/tls/server.pem"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadConfigError, match=name):
        read_config({name: value})
