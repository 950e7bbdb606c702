"""A C2PA manifest in a file: signed here, and read again. By c2pa-python; nothing is fetched.

The samples stay as they are, bit for bit: the manifest is a chunk of its own behind them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import c2pa

from transcripts.voices.marking.certificates import SigningError, SigningIdentity
from transcripts.voices.marking.riff import SOFTWARE

_WAV = "audio/wav"
_AI_GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}


def sign_wav(source: Path, target: Path, *, identity: SigningIdentity, model: str) -> None:
    """Write a signed copy; a tenth of a second for two minutes. Raises SigningError, OSError.

    model: what made the speech.
    """
    manifest = {
        "claim_generator_info": [{"name": SOFTWARE}],
        "title": "AI-generated speech",
        "format": _WAV,
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": _AI_GENERATED,
                            "softwareAgent": {"name": model},
                        }
                    ]
                },
            }
        ],
    }
    info = c2pa.C2paSignerInfo(
        alg=identity.algorithm.encode(),
        sign_cert=identity.chain.encode(),
        private_key=identity.key.encode(),
        ta_url=None,
    )
    try:
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(json.dumps(manifest)) as builder,
            source.open("rb") as unsigned,
            target.open("w+b") as signed,
        ):
            builder.sign(signer, _WAV, unsigned, signed)
    except c2pa.C2paError as error:
        raise SigningError(f"The speech could not be signed: {error}") from error


@dataclass(frozen=True)
class ManifestFacts:
    """`state`: Trusted (signed by a root of ours), Valid (by someone else), Invalid (changed since,
    or forged). `is_synthetic`: it states that a model made it.
    """

    state: str
    issuer: str
    model: str
    is_synthetic: bool
    problems: tuple[str, ...]


def read_manifest(path: Path, *, roots: str, mime: str = _WAV) -> ManifestFacts | None:
    """Return what the file's manifest states; None where it has none, or none that can be read.

    roots: PEM of what is trusted. Raises OSError.
    """
    settings: dict[str, Any] = {"verify": {**_OFFLINE, "verify_trust": True}}
    if roots:
        settings["trust"] = {"trust_anchors": roots}
    try:
        with (
            path.open("rb") as file,
            c2pa.Context(c2pa.Settings.from_dict(settings)) as context,
            c2pa.Reader(mime, file, context=context) as reader,
        ):
            return _describe(json.loads(reader.json()))
    except (c2pa.C2paError, ValueError, KeyError):
        return None


def _describe(report: dict[str, Any]) -> ManifestFacts:
    manifest = report["manifests"][report["active_manifest"]]
    actions = [
        action
        for assertion in manifest.get("assertions", ())
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in assertion["data"].get("actions", ())
    ]
    agents = [str(action.get("softwareAgent", {}).get("name", "")) for action in actions]
    return ManifestFacts(
        state=str(report.get("validation_state", "")),
        issuer=str(manifest.get("signature_info", {}).get("issuer", "")),
        model=next(filter(None, agents), ""),
        is_synthetic=any(action.get("digitalSourceType") == _AI_GENERATED for action in actions),
        problems=tuple(str(each["code"]) for each in report.get("validation_status", ())),
    )
