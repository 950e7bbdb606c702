"""`make sbom`: what the product consists of, as CycloneDX: packages, and what packages don't state.

    python requirements/sbom.py OUTPUT.json

cyclonedx-py lists the installed packages. Beside them stand FFmpeg (inside the wheels of PyAV, with
the libraries that it carries), every file of every model of the catalogue with its hash, licence
and source (fetched by the operator, none is shipped), fonts, and scripts of the pages.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path
from typing import Any

import av

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from inference_service.catalog.entries import CatalogueModel  # noqa: E402
from inference_service.catalog.models import CATALOGUE  # noqa: E402

Component = dict[str, Any]
# In an environment of its own: what it brings along makes every start of Python slower.
_LISTS_PACKAGES = "cyclonedx-bom==7.5.0"  # Apache-2.0
_FONTS = {
    "billing/fonts/*.ttf": "Bitstream-Vera AND LicenseRef-Public-Domain",  # DejaVu
    "transcripts/exports/fonts/*.ttf": "OFL-1.1",
}


_TUS = ROOT / "stt_web" / "static_files" / "vendor" / "tus-js-client" / "README.md"
# What their metadata state in words of their own, or not at all.
_STATED = {
    "channels-redis": "BSD-3-Clause",
    "protobuf": "BSD-3-Clause",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0 AND LicenseRef-PDFium-dependencies",
    "uharfbuzz": "Apache-2.0",
    "uritemplate": "BSD-3-Clause OR Apache-2.0",
}
_OF_FFMPEG = {"libx264": "GPL-2.0-or-later", "libx265": "GPL-2.0-or-later"}  # NOTICE has more


def make_sbom() -> dict[str, Any]:
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "tool", "run", "--from", _LISTS_PACKAGES, "cyclonedx-py"]
    command += ["environment", "--of", "JSON", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # ours
    sbom: dict[str, Any] = json.loads(done.stdout)
    return shape_sbom(sbom, shipped=read_locked())


def read_locked() -> set[str]:
    """Return the names that the locks of both tiers pin."""
    locks = [(ROOT / "requirements" / f"{tier}.txt").read_text() for tier in ("web", "inference")]
    return {name for lock in locks for name in re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)}


def shape_sbom(sbom: dict[str, Any], *, shipped: set[str]) -> dict[str, Any]:
    """Return the list without what is not `shipped`, with what packages carry and don't state.

    What only develops and tests the product is no part of it.
    """
    kept = [each for each in sbom["components"] if _normal(each["name"]) in shipped]
    for each in kept:
        if not each.get("licenses") and (stated := _STATED.get(_normal(each["name"]))):
            each["licenses"] = _licensed("library", each["name"], stated)["licenses"]
    carried = [
        {"bom-ref": f"carried:{each['type']}/{each['name']}", **each} for each in list_carried()
    ]
    refs = {each["bom-ref"] for each in kept}
    sbom["components"] = [*kept, *carried]
    sbom["dependencies"] = [
        {**each, "dependsOn": [ref for ref in each.get("dependsOn", ()) if ref in refs]}
        for each in sbom.get("dependencies", ())
        if each["ref"] in refs
    ]
    product = {"type": "application", "name": "open-stt", "bom-ref": "open-stt"}
    sbom.setdefault("metadata", {})["component"] = product
    return sbom


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def list_carried() -> list[Component]:
    """Return what no package states: FFmpeg, weights, fonts, scripts."""
    return [
        _ffmpeg(),
        *(component for model in CATALOGUE for component in _weights(model)),
        *_fonts(),
        _tus(),
    ]


def _tus() -> Component:
    version = _TUS.read_text().split(maxsplit=3)[2]
    purl = f"pkg:npm/tus-js-client@{version}"
    return _licensed("library", "tus-js-client", "MIT", version=version, purl=purl)


def _ffmpeg() -> Component:
    """FFmpeg as the wheels of PyAV bring it; what it carries along by the names of their files."""
    carried = sorted(
        {path.name.partition("-")[0] for path in files("av") or () if "av.libs" in str(path)}
    )
    return _licensed(
        "library",
        "ffmpeg",
        "LGPL-3.0-or-later",
        version=str(av.ffmpeg_version_info),
        purl=f"pkg:generic/ffmpeg@{av.ffmpeg_version_info}",
        components=[
            _licensed("library", name, _OF_FFMPEG[name])
            if name in _OF_FFMPEG
            else {"type": "library", "name": name}
            for name in carried
            if not name.startswith(("libav", "libsw"))
        ],
    )


def _weights(model: CatalogueModel) -> Iterator[Component]:
    source = f"https://huggingface.co/{model.hub.name}" if model.hub else ""
    for file in model.files:
        yield _licensed(
            "machine-learning-model",
            f"{model.id}/{file.name}",
            model.licence.spdx,
            version=model.revision,
            hashes=[{"alg": "SHA-256", "content": file.sha256}],
            **({"externalReferences": [{"type": "distribution", "url": source}]} if source else {}),
        )


def _fonts() -> Iterator[Component]:
    for pattern, licence in _FONTS.items():
        for path in sorted(ROOT.glob(pattern)):
            yield _licensed("data", path.name, licence)


def _licensed(kind: str, name: str, licence: str, **more: object) -> Component:
    """Return a component; what is no single SPDX id is an expression, or a name."""
    is_expression = " " in licence
    is_name = "/" in licence or licence.startswith("LicenseRef") or not licence
    stated: list[Component] = [{"license": {"id": licence}}]
    if is_expression:
        stated = [{"expression": licence}]
    elif is_name:
        stated = [{"license": {"name": licence or "unknown"}}]
    return {"type": kind, "name": name, "licenses": stated, **more}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(make_sbom(), indent=1) + "\n")
