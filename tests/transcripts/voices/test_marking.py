"""Speech that was made here is known as such: signed, labelled, and found again."""

import datetime
import io
import shutil
import subprocess
import wave
from pathlib import Path

import pytest
from cryptography import x509
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_voice import RATE_HZ, FakeVoice, beep
from transcripts.inference.servers import shared_server
from transcripts.voices.marking.certificates import (
    SigningError,
    SigningIdentity,
    find_identity,
    make_certificate,
    trusted_roots,
)
from transcripts.voices.marking.inspection import inspect_file
from transcripts.voices.marking.manifest import read_manifest, sign_wav
from transcripts.voices.marking.riff import NotWavError, WavWriter, read_wav
from transcripts.voices.models import SigningCertificate

pytestmark = pytest.mark.django_db


@pytest.fixture
def unsigned(tmp_path: Path) -> Path:
    with WavWriter(tmp_path / "unsigned.wav", sample_rate_hz=RATE_HZ) as wav:
        wav.write(beep(RATE_HZ))
        wav.write(beep(RATE_HZ // 2))
    assert wav.duration_ms == 1_500
    return tmp_path / "unsigned.wav"


@pytest.fixture
def signed(unsigned: Path) -> Path:
    target = unsigned.with_name("signed.wav")
    sign_wav(unsigned, target, identity=find_identity(), model="kokoro")
    return target


def samples_of(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        return bytes(file.readframes(file.getnframes()))


def test_signing_leaves_every_sample_as_it_was(unsigned: Path, signed: Path) -> None:
    assert samples_of(signed) == samples_of(unsigned) == beep(RATE_HZ) + beep(RATE_HZ // 2)


def test_a_signed_file_states_what_made_it_and_is_trusted(signed: Path) -> None:
    facts = read_manifest(signed, roots=trusted_roots())

    assert facts is not None
    assert (facts.state, facts.is_synthetic, facts.model) == ("Trusted", True, "kokoro")
    assert facts.problems == ()


def test_elsewhere_the_signature_is_valid_by_someone_unknown(signed: Path) -> None:
    facts = read_manifest(signed, roots="")

    assert facts is not None
    assert (facts.state, facts.problems) == ("Valid", ("signingCredential.untrusted",))


def test_one_changed_sample_makes_the_signature_invalid(signed: Path) -> None:
    content = bytearray(signed.read_bytes())
    content[1000] ^= 1
    signed.write_bytes(content)

    facts = read_manifest(signed, roots=trusted_roots())

    assert facts is not None
    assert facts.state == "Invalid"
    assert "assertion.dataHash.mismatch" in facts.problems
    assert inspect_file(signed, server=None).verdict == "likely"  # its INFO is still there


def test_the_info_of_a_file_names_the_maker(unsigned: Path, signed: Path) -> None:
    for path in (unsigned, signed):
        facts = read_wav(path)
        assert facts.info == {"ISFT": "Open STT", "ICMT": "AI-generated speech"}
        assert facts.is_marked


def test_a_copy_is_found_to_be_ours(signed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.wav"
    shutil.copyfile(signed, copy)

    found = inspect_file(copy, server=None)

    assert found.verdict == "ours"
    assert "with a certificate of this installation" in found.reasons[0]


def test_what_someone_else_signed_is_not_taken_for_ours(unsigned: Path) -> None:
    find_identity()
    chain, key, root = make_certificate(timezone.now())
    forged = unsigned.with_name("forged.wav")
    sign_wav(unsigned, forged, identity=SigningIdentity(chain, key, root, "es256"), model="kokoro")

    found = inspect_file(forged, server=None)

    assert found.verdict == "likely"
    assert "not this installation's" in found.reasons[0]


def test_a_recording_has_no_mark(tmp_path: Path) -> None:
    path = tmp_path / "recording.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(beep(RATE_HZ))

    assert inspect_file(path, server=None).verdict == "unknown"


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVELIST\xff\xff", b"no wav" * 9])
def test_files_of_any_shape_are_inspected_without_a_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)

    assert inspect_file(path, server=None).verdict == "unknown"


def test_reading_what_is_no_wav_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "any"
    path.write_bytes(b"ID3")

    with pytest.raises(NotWavError):
        read_wav(path)


def test_the_watermark_alone_proves_a_converted_file(
    signed: Path, inference: FakeInference, voice: FakeVoice, settings: Settings
) -> None:
    settings.INFERENCE_TARGET = inference.target
    voice.watermark, voice.watermark_confidence = "perth", 0.97
    mp3 = signed.with_suffix(".flac")
    subprocess.run(["sox", signed, mp3], check=True)

    found = inspect_file(mp3, server=shared_server())

    assert found.verdict == "ours"
    assert found.reasons[2] == "Watermark: perth found (97%)."


def test_where_nothing_finds_watermarks_the_reason_names_that(
    signed: Path, inference: FakeInference, voice: FakeVoice, settings: Settings
) -> None:
    settings.INFERENCE_TARGET = inference.target

    reasons = inspect_file(signed, server=shared_server()).reasons

    assert reasons[2] == "Watermark: not searched for. Install the torch engines."


def test_the_command_names_the_verdict_and_its_reasons(signed: Path, unsigned: Path) -> None:
    out = io.StringIO()

    call_command("check_mark", str(signed), "--no-watermark", stdout=out)
    with pytest.raises(SystemExit) as ended:
        call_command("check_mark", str(unsigned), "--no-watermark", stdout=out)

    assert ended.value.code == 1
    assert f"{signed}: made here" in out.getvalue()
    assert f"{unsigned}: probably synthetic" in out.getvalue()


def test_an_installation_makes_one_certificate_and_hides_its_key(signed: Path) -> None:
    assert find_identity() == find_identity()

    row = SigningCertificate.objects.get()
    assert "PRIVATE" not in row.key
    first = x509.load_pem_x509_certificate(row.chain.encode())
    assert first.not_valid_after_utc > timezone.now() + datetime.timedelta(days=3000)


def test_the_operators_certificate_signs_where_there_is_one(
    unsigned: Path, settings: Settings
) -> None:
    chain, key, _ = make_certificate(timezone.now())
    settings.C2PA_CERT, settings.C2PA_KEY = _write(unsigned.parent, chain, key)

    signed = unsigned.with_name("signed.wav")
    sign_wav(unsigned, signed, identity=find_identity(), model="kokoro")

    assert not SigningCertificate.objects.exists()
    assert inspect_file(signed, server=None).verdict == "ours"


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, settings: Settings) -> None:
    chain, _, _ = make_certificate(timezone.now())
    _, key, _ = make_certificate(timezone.now())
    settings.C2PA_CERT, settings.C2PA_KEY = _write(tmp_path, chain, key)

    with pytest.raises(SigningError, match="not the key"):
        find_identity()


def _write(folder: Path, chain: str, key: str) -> tuple[str, str]:
    (folder / "chain.pem").write_text(chain)
    (folder / "key.pem").write_text(key)
    return str(folder / "chain.pem"), str(folder / "key.pem")
