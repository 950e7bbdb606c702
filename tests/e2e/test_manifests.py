"""deploy/, rendered by kubectl as an operator would: valid, hardened, and compose.yaml's commands.

The commands and settings are those of compose.yaml, which `test_compose` starts for real.
"""

import copy
import json
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import yaml

from tests import report
from tests.e2e.manifests import Manifest, deployments, find_faults, main_container
from tests.e2e.processes import ROOT

OVERLAYS = ("cpu", "gpu", "keda", "s3")
LEAST_KUSTOMIZE = 5


@cache
def render(overlay: str) -> list[Manifest]:
    report.require("kubectl", is_there=_has_kubectl(), reason="No kubectl with kustomize 5 here.")
    done = subprocess.run(
        ["kubectl", "kustomize", f"deploy/overlays/{overlay}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [dict(each) for each in yaml.safe_load_all(done.stdout)]


@cache
def _has_kubectl() -> bool:
    """Debian's own is too old for `labels`."""
    if not shutil.which("kubectl"):
        return False
    command = ["kubectl", "version", "--client", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    version = json.loads(done.stdout or "{}").get("kustomizeVersion", "v0")
    return int(version.lstrip("v").partition(".")[0]) >= LEAST_KUSTOMIZE


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_has_no_fault(overlay: str) -> None:
    objects = render(overlay)
    assert find_faults(objects) == []
    assert len(deployments(objects)) == 8


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_commands_are_those_of_compose(overlay: str) -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name, deployment in deployments(render(overlay)).items():
        assert main_container(deployment)["command"] == services[name]["command"], name


def test_a_gpu_is_one_process_and_its_image() -> None:
    inference = main_container(deployments(render("gpu"))["inference"])
    assert inference["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert inference["image"].startswith("open-stt-inference-gpu:")
    assert {"name": "STT_DEVICE", "value": "cuda"} in inference["env"]


def test_the_model_for_a_gpu_is_fetched_by_name_for_the_job_has_no_card() -> None:
    (job,) = (each for each in render("gpu") if each["metadata"]["name"] == "models")
    assert {"name": "STT_DEFAULT_MODEL", "value": "large-v3-turbo"} in main_container(job)["env"]


def test_inference_sends_its_traces_where_the_web_tier_does() -> None:
    objects = render("cpu")
    env = {each["name"]: each for each in main_container(deployments(objects)["inference"])["env"]}
    config = next(each for each in objects if each["kind"] == "ConfigMap")
    assert env["STT_OTLP_URL"]["valueFrom"]["configMapKeyRef"] == {
        "name": config["metadata"]["name"],  # with its hash
        "key": "STT_OTLP_URL",
        "optional": True,
    }
    egress = _find(objects, "NetworkPolicy", "inference")["spec"]["egress"]
    assert {"port": 4318} in [port for rule in egress for port in rule["ports"]]


def test_prometheus_finds_the_pods_of_each_deployment() -> None:
    path = ROOT / "docker" / "prometheus" / "kubernetes.yml"
    (scraped,) = yaml.safe_load(path.read_text())["scrape_configs"]
    (chosen,) = (each for each in scraped["relabel_configs"] if each.get("action") == "keep")
    part_of, _, port_name = chosen["regex"].partition(";")
    for name, deployment in deployments(render("cpu")).items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == part_of
        assert labels["stt/component"] == name
        ports = {
            each["name"]: each["containerPort"] for each in main_container(deployment)["ports"]
        }
        assert ports[port_name] == 9100


def test_with_a_bucket_no_folder_is_shared_by_the_web_tier() -> None:
    objects = render("s3")
    assert _names(objects, "PersistentVolumeClaim") == ["stt-models"]
    assert _config(objects)["STT_S3_BUCKET"]
    for name in deployments(objects):
        volumes = {each["name"]: each for each in _pod(objects, name).get("volumes", ())}
        claims = [each["name"] for each in volumes.values() if "persistentVolumeClaim" in each]
        assert claims == ([] if "data" in volumes else ["models"]), name
    assert _names(render("cpu"), "PersistentVolumeClaim") == ["stt-data", "stt-models"]


def test_nothing_reaches_inference_but_the_web_tier() -> None:
    policies = {
        each["metadata"]["name"]: each["spec"]
        for each in render("cpu")
        if each["kind"] == "NetworkPolicy"
    }
    (ingress,) = policies["inference"]["ingress"]
    assert ingress["from"] == [{"podSelector": {"matchLabels": {"stt/tier": "web"}}}]
    assert policies["closed"]["policyTypes"] == ["Ingress"]
    assert "ingress" not in policies["closed"]


def test_web_processes_accept_requests_from_the_ingress_namespace() -> None:
    objects = render("cpu")
    (ingress,) = _find(objects, "NetworkPolicy", "web")["spec"]["ingress"]
    assert ingress["from"] == [{"namespaceSelector": {"matchLabels": {"stt/ingress": "true"}}}]
    assert _config(objects)["STT_TRUSTED_PROXIES"]


def test_no_secret_is_rendered() -> None:
    for overlay in OVERLAYS:
        assert [each for each in render(overlay) if each["kind"] == "Secret"] == []


def _container(objects: list[Manifest], name: str) -> Any:
    return deployments(objects)[name]["spec"]["template"]["spec"]["containers"][0]


def _pod(objects: list[Manifest], name: str) -> Any:
    return deployments(objects)[name]["spec"]["template"]["spec"]


def _find(objects: list[Manifest], kind: str, name: str) -> Any:
    return next(x for x in objects if (x["kind"], x["metadata"]["name"]) == (kind, name))


def _names(objects: list[Manifest], kind: str) -> list[str]:
    return sorted(each["metadata"]["name"] for each in objects if each["kind"] == kind)


def _config(objects: list[Manifest]) -> Any:
    return next(each for each in objects if each["kind"] == "ConfigMap")["data"]


BREAKS: dict[str, Callable[[list[Manifest]], object]] = {
    "livenessProb": lambda o: _container(o, "web").update(
        livenessProb=_container(o, "web").pop("livenessProbe")
    ),
    "no readinessProbe": lambda o: _container(o, "web").pop("readinessProbe"),
    "not readiness": lambda o: _container(o, "web")["readinessProbe"]["httpGet"].update(
        path="/health"
    ),
    "connections taken": lambda o: _container(o, "web").update(
        livenessProbe=_container(o, "web")["startupProbe"]
    ),
    "is stuck": lambda o: _container(o, "inference").update(
        livenessProbe={"tcpSocket": {"port": "grpc"}}
    ),
    "drains would be restarted": lambda o: _container(o, "inference").update(
        livenessProbe=_container(o, "inference")["readinessProbe"]
    ),
    "selects no pod": lambda o: _find(o, "Service", "web")["spec"]["selector"].update(
        {"stt/component": "webb"}
    ),
    "isn't headless": lambda o: _find(o, "Service", "inference")["spec"].pop("clusterIP"),
    "STT_LOG_LEVLE is no setting": lambda o: _config(o).update(STT_LOG_LEVLE="INFO"),
    "stands in the open": lambda o: _config(o).update(
        STT_BROKER_URL="redis://:hunter2@redis:6379/0"
    ),
    "secret stands in its command": lambda o: _container(o, "beat")["command"].append(
        "--token=hunter2"
    ),
    "no limits": lambda o: _container(o, "beat")["resources"].pop("limits"),
    "may run as root": lambda o: _pod(o, "web")["securityContext"].pop("runAsNonRoot"),
    "file system can be written": lambda o: _container(o, "web")["securityContext"].pop(
        "readOnlyRootFilesystem"
    ),
    "has capabilities": lambda o: _container(o, "web")["securityContext"].pop("capabilities"),
    "no seccomp": lambda o: _pod(o, "web")["securityContext"].pop("seccompProfile"),
    "is killed after": lambda o: _pod(o, "inference").update(terminationGracePeriodSeconds=30),
    "has no version": lambda o: _container(o, "web").update(image="open-stt-web:latest"),
    "beat must be one": lambda o: deployments(o)["beat"]["spec"].update(replicas=2),
    "is scaled twice": lambda o: _find(o, "HorizontalPodAutoscaler", "web")["spec"][
        "scaleTargetRef"
    ].update(name="inference"),
    "number of its own": lambda o: deployments(o)["inference"]["spec"].update(replicas=1),
    "there is no Deployment": lambda o: _find(o, "ScaledObject", "inference")["spec"][
        "scaleTargetRef"
    ].update(name="inferenz"),
    "Additional properties": lambda o: _find(o, "ScaledObject", "inference")["spec"].update(
        minReplicas=1
    ),
    "trigger lacks": lambda o: _find(o, "ScaledObject", "inference")["spec"]["triggers"][0][
        "metadata"
    ].pop("threshold"),
    "no claim": lambda o: o.remove(_find(o, "PersistentVolumeClaim", "stt-data")),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_a_broken_manifest_is_refused(fault: str) -> None:
    objects = copy.deepcopy(render("keda"))
    BREAKS[fault](objects)
    assert any(fault in found for found in find_faults(objects)), find_faults(objects)
