"""Whether a file is speech that was made here: each of its marks by itself, and the sum of them."""

from dataclasses import dataclass
from pathlib import Path

from transcripts.inference.errors import InferenceError
from transcripts.inference.servers import Server
from transcripts.inference.voice import REFERENCE_RATE_HZ, detect_watermark, list_voices
from transcripts.media import DecoderDiedError, MediaError, open_decoder
from transcripts.voices.marking.certificates import trusted_roots
from transcripts.voices.marking.manifest import ManifestFacts, read_manifest
from transcripts.voices.marking.riff import NotWavError, read_wav

_CERTAIN = 0.5
_SEARCHED_BYTES = 600 * 2 * REFERENCE_RATE_HZ  # ten minutes; the service takes no more at once


@dataclass(frozen=True)
class Inspection:
    """`verdict`: `ours` (proven), `likely` (a mark that anyone could write), `unknown`."""

    verdict: str
    reasons: tuple[str, ...]


def inspect_file(path: Path, *, server: Server | None) -> Inspection:
    """Look for every mark. `server`: that looks for the watermark; None: it isn't searched for.

    Raises OSError. Blocks: for seconds where the watermark is searched for.
    """
    manifest = read_manifest(path, roots=trusted_roots())
    has_info, info_reason = _check_info(path)
    has_watermark, watermark_reason = _check_watermark(path, server)
    is_signed = manifest is not None and manifest.state == "Trusted" and manifest.is_synthetic
    reasons = (_explain(manifest), info_reason, watermark_reason)
    if is_signed or has_watermark:
        return Inspection("ours", reasons)
    claims = manifest is not None and manifest.state == "Valid" and manifest.is_synthetic
    return Inspection("likely" if has_info or claims else "unknown", reasons)


def _explain(manifest: ManifestFacts | None) -> str:
    if manifest is None:
        return "C2PA: no manifest; one is lost when a file is converted or cut."
    by = f"signed by {manifest.issuer or 'no one known'}, made by {manifest.model or 'unknown'}"
    if manifest.state == "Trusted":
        return f"C2PA: valid, {by}, with a certificate of this installation."
    if manifest.state == "Valid":
        return f"C2PA: valid, {by}, but with a certificate that is not this installation's."
    problems = ", ".join(manifest.problems) or manifest.state
    return f"C2PA: not valid ({problems}): the file was changed after it was signed."


def _check_info(path: Path) -> tuple[bool, str]:
    try:
        facts = read_wav(path)
    except NotWavError:
        return False, "RIFF INFO: the file is no WAV."
    if facts.is_marked:
        return (
            True,
            "RIFF INFO: “AI-generated speech” by Open STT, which anyone could write.",
        )
    return False, "RIFF INFO: nothing of ours."


def _check_watermark(path: Path, server: Server | None) -> tuple[bool, str]:
    if server is None:
        return False, "Watermark: not searched for."
    try:
        voices = list_voices(server)
        if not voices.watermark:
            return False, f"Watermark: not searched for. {voices.watermark_hint}"
        name, sure = detect_watermark(
            _decode(path), sample_rate_hz=REFERENCE_RATE_HZ, server=server
        )
    except (InferenceError, MediaError, DecoderDiedError) as error:
        return False, f"Watermark: could not be searched for: {error.message}"
    if sure >= _CERTAIN:
        return True, f"Watermark: {name} found ({sure:.0%})."
    return False, f"Watermark: {name} not found ({sure:.0%})."


def _decode(path: Path) -> bytes:
    pcm = bytearray()
    with open_decoder(path) as decoder:
        for chunk in decoder:
            pcm += chunk
            if len(pcm) >= _SEARCHED_BYTES:
                break
    return bytes(pcm[:_SEARCHED_BYTES])
