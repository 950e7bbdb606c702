"""Weights with terms: shown, accepted on purpose, recorded with the date, or refused."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inference_service.catalog.errors import PullError, TermsNotAcceptedError
from inference_service.catalog.pull import find_model, pull
from inference_service.catalog.voices import F5, POCKET
from inference_service.catalog.weights import is_installed
from inference_service.config import Config, read_config


def _ignore(line: str) -> None:
    """What is shown."""


def copy_by_hand(models_dir: Path, name: str) -> None:
    folder = models_dir / name
    folder.mkdir()
    for file in find_model(name, Config(models_dir=models_dir)).installed_files:
        (folder / file).write_text("weights")


def test_the_terms_are_shown_and_nothing_is_fetched_unless_they_are_accepted(
    tmp_path: Path,
) -> None:
    shown: list[str] = []

    with pytest.raises(TermsNotAcceptedError, match="--accept-terms"):
        pull(POCKET, Config(models_dir=tmp_path, offline=True), report=shown.append)

    assert "CC-BY-4.0" in shown[0]
    assert "https://huggingface.co/kyutai/pocket-tts" in shown[0]


def test_accepted_terms_are_recorded_with_the_date_beside_the_weights(tmp_path: Path) -> None:
    copy_by_hand(tmp_path, POCKET)
    config = Config(models_dir=tmp_path, offline=True)
    model = find_model(POCKET, config)
    assert not is_installed(model, tmp_path / POCKET)

    pull(POCKET, config, report=_ignore, are_terms_accepted=True)

    assert is_installed(model, tmp_path / POCKET)
    record = json.loads((tmp_path / POCKET / "TERMS.json").read_text())
    assert record["licence"] == "CC-BY-4.0"
    accepted = datetime.fromisoformat(record["accepted_at"])
    assert datetime.now(UTC) - accepted < timedelta(minutes=1)


def test_other_terms_than_the_accepted_ones_are_asked_for_again(tmp_path: Path) -> None:
    copy_by_hand(tmp_path, POCKET)
    config = Config(models_dir=tmp_path, offline=True)
    pull(POCKET, config, report=_ignore, are_terms_accepted=True)
    record = tmp_path / POCKET / "TERMS.json"
    record.write_text(record.read_text().replace('"digest": "', '"digest": "0'))

    assert not is_installed(find_model(POCKET, config), tmp_path / POCKET)


def test_weights_that_forbid_commerce_are_refused_where_payments_are_on(tmp_path: Path) -> None:
    config = read_config(
        {"STT_STRIPE_SECRET_KEY": "sk_live", "STT_OFFLINE": "1", "STT_MODELS_DIR": str(tmp_path)}
    )

    with pytest.raises(TermsNotAcceptedError, match="takes payments"):
        pull(F5, config, report=_ignore, are_terms_accepted=True)
    with pytest.raises(PullError, match="could not be fetched"):
        pull(F5, Config(models_dir=tmp_path, offline=True), report=_ignore, are_terms_accepted=True)
