"""What is shipped is known: packages by hash, the SBOM with what wheels carry, the NOTICE."""

import re
import runpy
from importlib.metadata import distributions
from pathlib import Path

import av
import pytest

from inference_service.catalog.models import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("web", "inference", "inference-gpu", "inference-torch", "inference-torch-f5")
_COPYLEFT = re.compile(r"\bA?L?GPL|\bMPL|Mozilla|Lesser General|Affero")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    packages = re.split(r"^(?=[a-z0-9][a-z0-9._-]*==)", text, flags=re.MULTILINE)[1:]
    assert packages
    assert [each.split()[0] for each in packages if "--hash=sha256:" not in each] == []


def test_images_install_by_hash_only() -> None:
    for file in (ROOT / "docker").glob("*.Dockerfile"):
        installs = re.findall(r"pip install[^\n]*(?:\\\n[^\n]*)*", file.read_text())
        assert installs
        assert [each for each in installs if "--require-hashes" not in each] == []


def test_packages_under_copyleft_are_in_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text()
    locked = (ROOT / "requirements" / "web.txt").read_text()
    locked += (ROOT / "requirements" / "inference.txt").read_text()
    shipped = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
    found = {
        name
        for each in distributions()
        if (name := re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower()) in shipped
        and _COPYLEFT.search(_licence_of(each.metadata))
    }
    assert {"psycopg", "certifi"} <= found
    assert sorted(name for name in found if name not in notice) == []


def _licence_of(metadata: object) -> str:
    """The expression or short name, and the classifiers; a full text names licences by the way."""
    get = metadata.get_all  # type: ignore[attr-defined]  # importlib's Message
    short = [text for text in get("License") or () if len(text) < 100]
    classifiers = [text for text in get("Classifier") or () if text.startswith("License")]
    is_several = sum("::" in text for text in classifiers) > 2  # of parts, which its files state
    return " ".join(
        [*(get("License-Expression") or ()), *short, *([] if is_several else classifiers)]
    )


def test_the_sbom_has_what_wheels_carry_and_the_weights() -> None:
    """`make sbom` adds them to the list of packages, which takes half a minute."""
    carried = runpy.run_path(str(ROOT / "requirements" / "sbom.py"))["list_carried"]()
    components = {each["name"]: each for each in carried}
    assert components["ffmpeg"]["version"] == str(av.ffmpeg_version_info)
    assert {each["name"] for each in components["ffmpeg"]["components"]} >= {"libx264", "libopus"}
    for model in CATALOGUE:
        for file in model.files:
            weights = components[f"{model.id}/{file.name}"]
            assert weights["hashes"] == [{"alg": "SHA-256", "content": file.sha256}]
            assert weights["licenses"]
    assert "NotoSans-Regular.ttf" in components
    assert components["tus-js-client"]["version"].count(".") == 2


def test_the_sbom_lists_what_is_shipped_and_no_tools_of_the_tests() -> None:
    script = runpy.run_path(str(ROOT / "requirements" / "sbom.py"))
    listed = [
        {"name": "Django", "version": "5", "bom-ref": "a", "licenses": [{"expression": "X"}]},
        {"name": "channels_redis", "version": "4", "bom-ref": "b"},
        {"name": "pytest", "version": "9", "bom-ref": "c"},
    ]
    depends = [{"ref": "a", "dependsOn": ["b", "c"]}, {"ref": "c"}]
    shipped = script["read_locked"]()
    sbom = script["shape_sbom"]({"components": listed, "dependencies": depends}, shipped=shipped)
    components = {each["name"]: each for each in sbom["components"]}
    assert {"Django", "channels_redis", "ffmpeg"} <= components.keys()
    assert "pytest" not in components
    assert components["channels_redis"]["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert sbom["dependencies"] == [{"ref": "a", "dependsOn": ["b"]}]
    refs = [each["bom-ref"] for each in sbom["components"]]
    assert len(set(refs)) == len(refs)
