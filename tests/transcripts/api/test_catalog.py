"""GET /v1/models, /v1/languages, /v1/formats and /health, by HTTP, without a key."""

from tests.transcripts.api.conftest import Client


def test_the_models_are_listed_with_what_is_installed(visitor: Client) -> None:
    body = visitor.get("/v1/models").json()

    listed = {model["id"]: model for model in body["models"]}
    assert {name: model["speed"] for name, model in listed.items()} == {
        "large-v3-turbo": "fast",
        "large-v3": "standard",
        "medium": "fast",
        "small": "very_fast",
        "tiny": "very_fast",
    }
    assert listed["large-v3-turbo"]["languages"] == 99
    assert (listed["tiny"]["available"], listed["small"]["available"]) == (True, False)
    assert listed["large-v3-turbo"]["served_by"] == "tiny"
    assert body["object"] == "list"
    assert [model["id"] for model in body["data"]] == ["large-v3-turbo", "tiny"]
    assert body["data"][0].keys() == {"id", "object", "created", "owned_by"}


def test_the_languages_are_whispers_in_its_order(visitor: Client) -> None:
    languages = visitor.get("/v1/languages").json()["languages"]

    assert len(languages) == len({language["code"] for language in languages}) == 100
    assert languages[:3] == [
        {"code": "en", "name": "english"},
        {"code": "zh", "name": "chinese"},
        {"code": "de", "name": "german"},
    ]
    assert languages[-1] == {"code": "yue", "name": "cantonese"}


def test_the_formats_are_the_promised_sixteen(visitor: Client) -> None:
    formats = visitor.get("/v1/formats").json()["formats"]

    promised = "mp3 wav flac ogg m4a aac opus wma mp4 webm mkv avi mov wmv mpg mpeg"
    assert " ".join(each["extension"] for each in formats) == promised


def test_health_tells_of_the_gpu(visitor: Client) -> None:
    answer = visitor.get("/health")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["gpu_available"]) == ("ok", True)
    assert (body["gpu_name"], body["gpu_memory_mb"]) == ("A GPU", 8188)
