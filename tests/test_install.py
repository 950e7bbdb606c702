"""`requirements/install.sh`: once, again after a change or an interruption, and else not at all."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "requirements" / "install.sh"
Install = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A requirements folder whose lock asks for nothing, so that nothing is downloaded."""
    shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "web.txt").write_text("# nothing\n")
    (tmp_path / "dev.txt").write_text("# nothing\n")
    (tmp_path / "inference.txt").write_text("# nothing\n")
    (tmp_path / "inference-gpu.txt").write_text("# nothing\n")
    return tmp_path


@pytest.fixture
def install(folder: Path) -> Install:
    def run(
        name: str = "web", *, python: str = sys.executable, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(folder / "install.sh"), name],
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHON": python,
                "STT_VENV": str(folder / "venv"),
                "STT_GPU_FILE": str(folder / "gpu"),
                **environ,
            },
            capture_output=True,
            text=True,
        )

    return run


SETS = ("web", "inference", "dev", "inference-gpu")


def fake_python(folder: Path, script: str) -> str:
    path = folder / "python-of-the-test"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_it_installs_once_and_again_after_a_change_or_a_failure(
    install: Install, folder: Path
) -> None:
    first = install()
    assert first.returncode == 0, first.stderr
    assert "Installing web" in first.stdout
    assert (folder / "venv" / "bin" / "python").exists()
    assert install().stdout == ""

    (folder / "web.txt").write_text("./no-such-package\n")
    failed = install()
    assert failed.returncode != 0
    assert "could not be installed" in failed.stderr

    # The old lock again: nothing shows that it is still there, so it is installed.
    (folder / "web.txt").write_text("# nothing\n")
    assert "Installing web" in install().stdout
    assert install().stdout == ""


def test_a_missing_python_is_refused_with_a_sentence(install: Install) -> None:
    refused = install(python="/nowhere/python3")
    assert refused.returncode != 0
    assert "Install Python 3.11 or newer" in refused.stderr


def test_an_old_python_is_refused_with_a_sentence(install: Install, folder: Path) -> None:
    old = fake_python(folder, 'if [ "$1" = --version ]; then echo Python 3.9.1; else exit 1; fi')
    refused = install(python=old)
    assert refused.returncode != 0
    assert "Python 3.9.1 is too old" in refused.stderr


def test_a_python_without_ensurepip_is_refused_with_a_sentence(
    install: Install, folder: Path
) -> None:
    bare = fake_python(
        folder, f'case "$2" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac'
    )
    refused = install(python=bare)
    assert refused.returncode != 0
    assert "apt install python3-venv" in refused.stderr


def test_the_gpus_libraries_are_installed_once_where_a_driver_is(
    install: Install, folder: Path
) -> None:
    assert "GPU" not in install("inference").stdout
    (folder / "gpu").touch()
    assert "GPU" not in install("web").stdout
    assert "GPU" not in install("inference", STT_DEVICE="cpu").stdout

    assert "Installing the GPU's libraries" in install("inference").stdout
    assert install("inference").stdout == ""


def test_a_failure_of_the_gpus_libraries_leaves_a_server_that_uses_the_cpu(
    install: Install, folder: Path
) -> None:
    (folder / "gpu").touch()
    (folder / "inference-gpu.txt").write_text("no-hash-here==1.0\n")

    done = install("inference")

    assert done.returncode == 0
    assert "The CPU is used" in done.stderr
    assert "Installing the GPU's libraries" in install("inference").stdout


def test_the_gpus_libraries_are_pinned_by_hash_to_what_was_asked_for() -> None:
    wanted = Requirement(_read_requirements("inference-gpu.in")[0])
    locked = _read_requirements("inference-gpu.txt")

    assert all("--hash=sha256:" in line for line in locked)
    pins = dict(re.findall(r"^([\w-]+)==([\d.]+)", "\n".join(locked), re.MULTILINE))
    assert len(pins) == len(locked)
    assert wanted.specifier.contains(pins[wanted.name])
    assert not any("cudnn" in name for name in pins)


def test_composes_gpu_profile_installs_the_same_libraries() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["inference-gpu"]
    dockerfile = (ROOT / service["build"]["dockerfile"]).read_text()

    assert service["profiles"] == ["gpu"]
    assert service["environment"]["STT_DEVICE"] == "cuda"
    assert service["build"]["args"] == {"GPU": "true"}
    assert "ARG GPU" in dockerfile
    assert "--require-hashes -r requirements/inference-gpu.txt" in dockerfile


def test_the_torch_engines_speak_the_protos_in_the_versions_of_the_services() -> None:
    spoken = [Requirement(line) for line in _read_requirements("protos.in")]
    for name in ("inference-torch", "inference-torch-f5"):
        locked = "\n".join(_read_requirements(f"{name}.txt"))
        pins = dict(re.findall(r"^([\w-]+)==([\w.]+)", locked, re.MULTILINE))
        assert all(each.specifier.contains(pins[each.name]) for each in spoken)
        assert ("f5-tts" in pins) == name.endswith("f5")


def test_composes_torch_profile_reaches_nothing_but_its_socket() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    torch, inference = services["torch"], services["inference"]

    assert (torch["profiles"], torch["network_mode"]) == (["torch"], "none")
    assert "networks" not in torch
    assert torch["read_only"]
    assert "models:/models:ro" in torch["volumes"]
    assert "torch:/run/torch" in inference["volumes"]
    name = "STT_TORCH_SOCKET"
    assert torch["environment"][name] == inference["environment"][name]
    dockerfile = (ROOT / torch["build"]["dockerfile"]).read_text()
    assert '--require-hashes -r "requirements/inference-torch' in dockerfile


def test_the_torch_engines_are_installed_once_and_again_after_an_interruption(
    folder: Path,
) -> None:
    shutil.copy(ROOT / "requirements" / "install-torch.sh", folder)
    for name in ("inference-torch", "inference-torch-f5"):
        (folder / f"{name}.txt").write_text(f"# nothing of {name}\n")

    def install_torch(name: str = "inference-torch") -> str:
        done = subprocess.run(
            ["/bin/sh", str(folder / "install-torch.sh"), name],
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHON": sys.executable,
                "STT_TORCH_VENV": str(folder / "torch"),
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    (folder / "torch" / "bin").mkdir(parents=True)  # so that the free disk isn't asked for 9 GB
    (folder / "torch" / "bin" / "pip").symlink_to(sys.executable)
    (folder / "torch" / "bin" / "python").symlink_to(sys.executable)
    assert "Installing the torch engines" in install_torch()
    assert install_torch() == ""
    (folder / "torch" / ".installed").unlink()
    assert "Installing the torch engines" in install_torch()
    assert "Installing" in install_torch("inference-torch-f5")
    assert install_torch("inference-torch") == ""  # F5's set holds it


def _read_requirements(name: str) -> list[str]:
    text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_every_locked_package_has_hashes() -> None:
    """So that what is installed is what was locked, independent of the index that answers."""
    for name in (*SETS, "inference-torch", "inference-torch-f5"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
        packages = [
            line for line in text.splitlines() if line and not line.lstrip().startswith("#")
        ]
        assert len(packages) > 1, name
        unhashed = [line.split()[0] for line in packages if "--hash=sha256:" not in line]
        assert unhashed == [], name


def test_the_tiers_lock_the_versions_that_were_tested() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", text, re.MULTILINE))

    tested = pins("dev")
    for name in ("web", "inference"):
        assert pins(name).items() <= tested.items()
