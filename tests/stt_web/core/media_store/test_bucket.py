"""A bucket is not taken at its word: what it lost, cut or changed is noticed; and one that is away
is an outage, soon."""

import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_django import Settings

from stt_web.core import media_store
from stt_web.core.media_store.notes import discard_note, read_note, write_note
from stt_web.core.outages import StorageUnavailableError, outage_behind
from tests.s3_server import SECRET_KEY, S3Server

CONTENT = os.urandom(3_000_000)


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[S3Server]:
    settings.MEDIA_ROOT = tmp_path
    with S3Server() as server:
        settings.STORAGES = {**settings.STORAGES, "media": server.as_storage()}
        yield server


@pytest.fixture
def file(server: S3Server, tmp_path: Path) -> Path:
    path = tmp_path / "ab" / "recording"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def test_a_file_is_stored_and_fetched_whole(server: S3Server, file: Path) -> None:
    media_store.put(file)
    assert server.read("ab/recording") == CONTENT
    file.unlink()
    assert media_store.size_of(file) == len(CONTENT)
    assert media_store.fetch(file).read_bytes() == CONTENT
    assert [each.name for each in file.parent.iterdir()] == ["recording"]


def test_a_file_that_is_stored_nowhere_is_not_there_and_leaves_nothing(
    server: S3Server, tmp_path: Path
) -> None:
    path = tmp_path / "cd" / "recording"
    assert not media_store.fetch(path).exists()
    assert not path.parent.exists()
    assert media_store.size_of(path) is None
    with pytest.raises(FileNotFoundError):
        media_store.open_stored(path)


def test_without_a_bucket_nothing_is_asked_of_one(
    server: S3Server, file: Path, settings: Settings
) -> None:
    settings.STORAGES = {name: each for name, each in settings.STORAGES.items() if name != "media"}
    media_store.put(file)
    assert media_store.fetch(file) == file
    media_store.delete_folder(file.parent)
    assert not file.parent.exists()
    assert server.requests == []


def test_a_range_is_read_without_the_rest(server: S3Server, file: Path) -> None:
    media_store.put(file)
    file.unlink()
    part = media_store.open_stored(file, start=1000, length=500)
    assert part.read(300) + part.read(300) == CONTENT[1000:1500]
    part.close()
    assert not file.exists()


@pytest.mark.parametrize("fault", ["away", "hang", "error", "drop_put", "garbage"])
def test_what_can_not_be_stored_is_an_outage(server: S3Server, file: Path, fault: str) -> None:
    began = time.monotonic()
    with server.failing(fault), pytest.raises(StorageUnavailableError) as caught:
        media_store.put(file)
    assert time.monotonic() - began < 10
    assert caught.value.status == 503
    assert caught.value.code == "storage_unavailable"
    assert outage_behind(caught.value) is caught.value
    media_store.put(file)  # it is back
    assert server.list_keys() == ["ab/recording"]


@pytest.mark.parametrize("fault", ["away", "hang", "error", "truncate", "corrupt"])
def test_what_can_not_be_read_whole_is_an_outage_and_never_half_a_file(
    server: S3Server, file: Path, fault: str
) -> None:
    media_store.put(file)
    file.unlink()
    began = time.monotonic()
    with server.failing(fault), pytest.raises(StorageUnavailableError):
        media_store.fetch(file)
    assert time.monotonic() - began < 10
    assert not file.exists()
    assert media_store.fetch(file).read_bytes() == CONTENT


def test_a_put_that_is_lost_behind_its_200_is_noticed(server: S3Server, file: Path) -> None:
    with server.failing("lose"), pytest.raises(StorageUnavailableError):
        media_store.put(file)


def test_a_bucket_that_is_not_there_is_an_outage_and_no_lost_file(
    server: S3Server, file: Path, settings: Settings
) -> None:
    storage = server.as_storage(bucket_name="another")
    settings.STORAGES = {**settings.STORAGES, "media": storage}
    for ask in (media_store.size_of, media_store.open_stored):
        with pytest.raises(StorageUnavailableError):
            ask(file.with_name("other"))


def test_after_an_outage_no_one_waits_for_it_again_at_once(
    server: S3Server, file: Path, settings: Settings
) -> None:
    storage = server.as_storage(pause_s=1.0)
    settings.STORAGES = {**settings.STORAGES, "media": storage}
    with server.failing("hang"):
        with pytest.raises(StorageUnavailableError):
            media_store.put(file)
        began = time.monotonic()
        with pytest.raises(StorageUnavailableError):
            media_store.put(file)
        assert time.monotonic() - began < 0.3
    time.sleep(1)
    media_store.put(file)


def ask_at_once(count: int, path: Path) -> list[float]:
    """Ask for a file's size in so many threads; return how long each had to wait, in seconds."""
    took_s: list[float] = []

    def ask() -> None:
        began = time.monotonic()
        with pytest.raises(StorageUnavailableError):
            media_store.size_of(path)
        took_s.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(took_s)


def test_many_that_ask_one_that_hangs_wait_briefly_and_then_one_alone(
    server: S3Server, tmp_path: Path, settings: Settings
) -> None:
    storage = server.as_storage(timeout_s=10.0, pause_s=6.0)
    settings.STORAGES = {**settings.STORAGES, "media": storage}
    media_store.size_of(tmp_path / "ab" / "warm")
    with server.failing("hang"):
        assert ask_at_once(12, tmp_path / "ab" / "recording")[-1] < 8
        time.sleep(6.1)
        *others, last = ask_at_once(6, tmp_path / "ab" / "recording")
        assert len(others) == 5
        assert others[-1] < 1 < last


def test_a_refused_deletion_is_no_outage_of_the_rest(
    server: S3Server, file: Path, settings: Settings
) -> None:
    storage = server.as_storage(pause_s=30.0)
    settings.STORAGES = {**settings.STORAGES, "media": storage}
    media_store.put(file)
    with server.failing("refuse_delete"):
        media_store.delete_folder(file.parent)
        assert media_store.size_of(file) == len(CONTENT)
    assert server.list_keys() == ["ab/recording"]


def test_a_refused_upload_is_no_outage_of_the_rest(
    server: S3Server, file: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    storage = server.as_storage(pause_s=30.0)
    settings.STORAGES = {**settings.STORAGES, "media": storage}
    media_store.put(file)
    with server.failing("refuse_put"), pytest.raises(StorageUnavailableError):
        media_store.put(file)
    assert media_store.size_of(file.with_name("other")) is None
    assert "event=storage_away operation=put error=AccessDenied code=AccessDenied" in caplog.text


def test_a_download_that_never_gets_anywhere_is_given_up(
    server: S3Server, file: Path, settings: Settings
) -> None:
    storage = server.as_storage(patience_s=0.5)
    settings.STORAGES = {**settings.STORAGES, "media": storage}
    media_store.put(file)
    file.unlink()
    began = time.monotonic()
    with server.failing("slow"), pytest.raises(StorageUnavailableError):
        media_store.fetch(file)
    assert time.monotonic() - began < 10  # of 37
    assert not file.exists()


def test_what_is_arriving_goes_on_while_the_bucket_answers_no_one_else(
    server: S3Server, file: Path, settings: Settings
) -> None:
    storage = server.as_storage(pause_s=30.0)
    settings.STORAGES = {**settings.STORAGES, "media": storage}
    media_store.put(file)
    file.unlink()
    reader = media_store.open_stored(file)
    received = reader.read(1000)
    with server.failing("hang"), pytest.raises(StorageUnavailableError):
        media_store.size_of(file)
    while chunk := reader.read(100_000):
        received += chunk
    reader.close()
    assert received == CONTENT
    with pytest.raises(StorageUnavailableError):  # which is no answer to who asks
        media_store.size_of(file)


def test_a_server_that_deletes_one_by_one_will_do(server: S3Server, file: Path) -> None:
    media_store.put(file)
    with server.failing("no_multi_delete"):
        media_store.delete_folder(file.parent)
    assert server.list_keys() == []


def test_a_file_has_its_name_once_it_is_in_the_bucket(server: S3Server, file: Path) -> None:
    made = file.with_name("made")
    file.rename(made)
    with server.failing("drop_put"), pytest.raises(StorageUnavailableError):
        media_store.publish(made, file)
    assert not media_store.exists(file)
    media_store.publish(made, file)
    assert server.read("ab/recording") == file.read_bytes() == CONTENT
    assert not made.exists()


def test_a_file_whose_folder_was_deleted_while_it_was_put_is_nowhere(
    server: S3Server, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = file.with_name("made")
    file.rename(made)
    bucket = media_store.open_bucket()
    put_file = bucket.put_file

    def delete_behind(key: str, path: Path) -> None:
        put_file(key, path)
        shutil.rmtree(path.parent)

    monkeypatch.setattr(bucket, "put_file", delete_behind)
    with pytest.raises(FileNotFoundError):
        media_store.publish(made, file)
    assert server.list_keys() == []


def test_without_a_bucket_a_file_just_has_its_name(settings: Settings, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"1")
    media_store.publish(made, tmp_path / "named")
    assert [each.name for each in tmp_path.iterdir()] == ["named"]


def test_a_folder_that_another_removes_is_made_again(
    server: S3Server, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media_store.put(file)
    shutil.rmtree(file.parent)
    mkdir = Path.mkdir
    removals: list[Path] = []

    def mkdir_and_remove(path: Path, *args: Any, **options: Any) -> None:
        mkdir(path, *args, **options)
        if path == file.parent and len(removals) < 2:
            removals.append(path)
            path.rmdir()

    monkeypatch.setattr(Path, "mkdir", mkdir_and_remove)
    assert media_store.fetch(file).read_bytes() == CONTENT
    assert len(removals) == 2


def test_of_several_that_want_a_file_one_downloads_it(server: S3Server, file: Path) -> None:
    media_store.put(file)
    file.unlink()
    server.requests.clear()
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(media_store.fetch(file).read_bytes()))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 6
    assert sum(method == "GET" for method, _ in server.requests) == 1


def test_a_folder_is_deleted_with_all_it_has_and_no_other(server: S3Server, tmp_path: Path) -> None:
    for name in ("ab/recording", "ab/exports/1.pdf", "abc/recording"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")
        media_store.put(path)
    assert media_store.list_names(tmp_path / "ab") == ["exports", "recording"]
    media_store.delete_folder(tmp_path / "ab")
    media_store.delete_folder(tmp_path / "ab")
    assert server.list_keys() == ["abc/recording"]
    assert not (tmp_path / "ab").exists()


def test_a_deletion_while_it_is_away_ends_and_leaves_the_object_for_the_sweep(
    server: S3Server, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    media_store.put(file)
    with server.failing("away"):
        media_store.delete_folder(file.parent)
    assert "event=deletion_left_to_sweep key=ab" in caplog.text
    assert not file.exists()
    assert server.list_keys() == ["ab/recording"]


def test_a_signed_address_reads_one_file_for_a_while(
    server: S3Server, file: Path, settings: Settings
) -> None:
    media_store.put(file)
    settings.S3_URL_S = 60
    address = media_store.sign_url(file, mime="audio/ogg", disposition='inline; filename="a.ogg"')
    answer = requests.get(address, headers={"Range": "bytes=5-9"}, timeout=10)
    assert (answer.status_code, answer.content) == (206, CONTENT[5:10])
    whole = requests.get(address, timeout=10)
    assert whole.headers["Content-Type"] == "audio/ogg"
    assert whole.headers["Content-Disposition"] == 'inline; filename="a.ogg"'
    other = requests.get(address.replace("/ab/recording", "/ab/other"), timeout=10)
    assert other.status_code == 403
    longer = requests.get(address.replace("Expires=60&", "Expires=900&"), timeout=10)
    assert longer.status_code == 403
    settings.S3_URL_S = 1
    short = media_store.sign_url(file, mime="audio/ogg")
    time.sleep(2.1)
    assert requests.get(short, timeout=10).status_code == 403


def test_notes_are_read_for_a_while_on_any_machine(
    server: S3Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note = tmp_path / "ab" / "1.pending"
    assert read_note(note, within_s=60) is None
    write_note(note, "0.5")
    assert read_note(note, within_s=60) == "0.5"
    server.age("ab/1.pending", hours=1)
    assert read_note(note, within_s=60) is None
    discard_note(note)
    assert server.list_keys() == []
    with server.failing("away"):
        write_note(note, "1")
        assert read_note(note, within_s=60) is None


@pytest.mark.parametrize("fault", ["away", "error", "hang", "garbage"])
def test_no_key_is_logged(
    server: S3Server, file: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with server.failing(fault), pytest.raises(StorageUnavailableError):
        media_store.put(file)
    assert "event=storage_away" in caplog.text
    assert SECRET_KEY not in caplog.text
    assert SECRET_KEY not in repr(media_store.open_bucket().storage)
