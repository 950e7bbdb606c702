"""What must hold of rendered manifests, beyond their schema: `find_faults` names what doesn't."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from kubernetes_validate import validate
from kubernetes_validate.utils import ValidationError

from stt_web.operations.known_settings import KNOWN_SETTINGS

KUBERNETES = "1.32"
Manifest = dict[str, Any]
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|_KEY\Z|DATABASE_URL|BROKER_URL|LAYER_URL|EMAIL_URL"
)
_CREDENTIALS = re.compile(r"://[^/@\s]*:[^/@\s]+@|Bearer \S")
_BATCH_S = 30  # the longest that an engine works on one batch
_TEXT = {"type": "string", "minLength": 1}
_TRIGGERS = {
    "postgresql": {"query", "targetQueryValue"},
    # Without the last, no figures would mean that nothing waits.
    "prometheus": {"serverAddress", "query", "threshold", "ignoreNullValues"},
}
# The parts of KEDA's kinds that are used here, closed: a field that stands in neither is a mistake.
_KEDA: dict[str, Manifest] = {
    "TriggerAuthentication": {
        "type": "object",
        "required": ["secretTargetRef"],
        "additionalProperties": False,
        "properties": {
            "secretTargetRef": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["parameter", "name", "key"],
                    "additionalProperties": False,
                    "properties": {"parameter": _TEXT, "name": _TEXT, "key": _TEXT},
                },
            }
        },
    },
    "ScaledObject": {
        "type": "object",
        "required": ["scaleTargetRef", "triggers"],
        "additionalProperties": False,
        "properties": {
            "scaleTargetRef": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {"name": _TEXT},
            },
            "minReplicaCount": {"type": "integer", "minimum": 0},
            "maxReplicaCount": {"type": "integer", "minimum": 1},
            "cooldownPeriod": {"type": "integer", "minimum": 0},
            "pollingInterval": {"type": "integer", "minimum": 1},
            "advanced": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"horizontalPodAutoscalerConfig": {"type": "object"}},
            },
            "triggers": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["type", "metadata"],
                    "additionalProperties": False,
                    "properties": {
                        "type": {"enum": sorted(_TRIGGERS)},
                        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                        "authenticationRef": {
                            "type": "object",
                            "required": ["name"],
                            "additionalProperties": False,
                            "properties": {"name": _TEXT},
                        },
                    },
                },
            },
        },
    },
}


def find_faults(objects: list[Manifest]) -> list[str]:
    """Return a sentence for each thing that is wrong."""
    faults = [*_check_schemas(objects), *_check_selectors(objects), *_check_scaling(objects)]
    for each in objects:
        if each["kind"] in ("Deployment", "Job"):
            faults += (
                f"{each['kind']} {_name(each)}: {fault}" for fault in _check_pods(each, objects)
            )
        if each["kind"] == "ConfigMap":
            faults += (f"ConfigMap {_name(each)}: {fault}" for fault in _check_values(each["data"]))
    return faults


def deployments(objects: list[Manifest]) -> dict[str, Manifest]:
    return {_name(each): each for each in objects if each["kind"] == "Deployment"}


def main_container(workload: Manifest) -> Manifest:
    """Return the one container that does the work."""
    (container,) = _pod(workload)["containers"]
    return dict(container)


def _check_schemas(objects: list[Manifest]) -> Iterator[str]:
    for each in objects:
        if each["apiVersion"].startswith("keda.sh/"):
            for error in Draft202012Validator(_KEDA[each["kind"]]).iter_errors(each["spec"]):
                yield f"{each['kind']} {_name(each)}: {error.message}"
            for trigger in each["spec"].get("triggers") or ():
                missing = _TRIGGERS.get(trigger.get("type"), set()) - set(trigger["metadata"])
                if missing:
                    yield f"{each['kind']} {_name(each)}: a trigger lacks {sorted(missing)}."
            continue
        try:
            validate(each, KUBERNETES, strict=True)
        except ValidationError as error:
            yield f"{each['kind']} {_name(each)}: {error.message}"


def _check_selectors(objects: list[Manifest]) -> Iterator[str]:
    pods = [_pod_labels(each) for each in objects if each["kind"] in ("Deployment", "Job")]
    for each in objects:
        spec = each.get("spec", {})
        selector: Mapping[str, str] = {}
        if each["kind"] == "Service":
            selector = spec["selector"]
            if _name(each) == "inference" and spec.get("clusterIP") != "None":
                yield "Service inference isn't headless: all calls of a client stay on one pod."
        elif each["kind"] in ("PodDisruptionBudget", "Deployment"):
            selector = spec["selector"]["matchLabels"]
        elif each["kind"] == "NetworkPolicy":
            selector = spec["podSelector"].get("matchLabels", {})
        if selector and not any(selector.items() <= labels.items() for labels in pods):
            yield f"{each['kind']} {_name(each)} selects no pod."


def _check_scaling(objects: list[Manifest]) -> Iterator[str]:
    there = deployments(objects)
    scaled = [
        (each["kind"], each["spec"]["scaleTargetRef"]["name"])
        for each in objects
        if each["kind"] in ("ScaledObject", "HorizontalPodAutoscaler")
    ]
    targets = [target for _, target in scaled]
    for kind, target in scaled:
        if target not in there:
            yield f"{kind}: there is no Deployment {target}."
        elif "replicas" in there[target]["spec"]:
            yield f"{kind}: {target} has a number of its own, which each apply would restore."
        if targets.count(target) > 1:
            yield f"{kind}: {target} is scaled twice."
    beat = there["beat"]["spec"]
    if "beat" in targets or beat.get("replicas") != 1 or beat["strategy"]["type"] != "Recreate":
        yield "beat must be one, and the old one end before the new one starts."


def _check_pods(workload: Manifest, objects: list[Manifest]) -> Iterator[str]:
    pod = _pod(workload)
    security = pod.get("securityContext", {})
    if not security.get("runAsNonRoot"):
        yield "it may run as root."
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "no seccomp profile."
    if pod.get("automountServiceAccountToken") is not False:
        yield "it gets a token for the cluster's API."
    claims = {_name(each) for each in objects if each["kind"] == "PersistentVolumeClaim"}
    volumes = {volume["name"]: volume for volume in pod.get("volumes", ())}
    for volume in volumes.values():
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim and claim not in claims:
            yield f"there is no claim {claim}."
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        yield from _check_container(container, volumes)
    if workload["kind"] == "Deployment":
        yield from _check_life(workload)


def _check_container(container: Manifest, volumes: Mapping[str, Manifest]) -> Iterator[str]:
    security = container.get("securityContext", {})
    if not security.get("readOnlyRootFilesystem"):
        yield "its file system can be written."
    if security.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "it has capabilities."
    if security.get("allowPrivilegeEscalation") is not False:
        yield "it may gain privileges."
    resources = container.get("resources", {})
    for kind in ("requests", "limits"):
        if not {"cpu", "memory"} <= resources.get(kind, {}).keys():
            yield f"it has no {kind} for CPU and memory."
    _, _, tag = container["image"].partition(":")
    if not tag or tag == "latest":
        yield f"its image {container['image']} has no version."
    for mount in container.get("volumeMounts", ()):
        if mount["name"] not in volumes:
            yield f"there is no volume {mount['name']}."
    yield from _check_values(
        {each["name"]: each.get("value", "") for each in container.get("env", ())}
    )
    words = [*container.get("command", ()), *container.get("args", ())]
    if any(
        _CREDENTIALS.search(word) or re.search(r"--?(token|password|key)=", word) for word in words
    ):
        yield "a secret stands in its command."


def _check_values(values: Mapping[str, str]) -> Iterator[str]:
    for name, value in values.items():
        if name.startswith("STT_") and name not in KNOWN_SETTINGS:
            yield f"{name} is no setting."
        if value and (_SECRET_NAME.search(name) or _CREDENTIALS.search(value)):
            yield f"{name} is a secret, and stands in the open."


def _check_life(workload: Manifest) -> Iterator[str]:
    pod, container = _pod(workload), main_container(workload)
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if probe not in container:
            yield f"it has no {probe}."
    path = container.get("readinessProbe", {}).get("httpGet", {}).get("path", "/readyz")
    if path != "/readyz":
        yield f"{path} is not readiness: without inference every web pod would be taken out."
    if _name(workload) == "inference" and "tcpSocket" in container.get("livenessProbe", {}):
        yield "a replica that is stuck takes connections, and would stay."
    if _name(workload) == "web" and "exec" not in container.get("livenessProbe", {}):
        yield "with all its connections taken it would be restarted."
    if (
        container.get("livenessProbe", {}).get("exec")
        == container.get("readinessProbe", {}).get("exec", {})
        and _name(workload) == "inference"
    ):
        yield "a replica that drains would be restarted."
    pre_stop = (
        container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ("0",))
    )
    drain_s = {each["name"]: each.get("value") for each in container.get("env", ())}.get(
        "STT_INFERENCE_DRAIN_S"
    )
    needed_s = int(pre_stop[-1]) + (int(drain_s) + _BATCH_S if drain_s else 10)
    if pod.get("terminationGracePeriodSeconds", 30) < needed_s:
        yield f"it is killed after less than the {needed_s} s that its end may take."


def _pod(workload: Manifest) -> Manifest:
    return dict(workload["spec"]["template"]["spec"])


def _pod_labels(workload: Manifest) -> dict[str, str]:
    return dict(workload["spec"]["template"]["metadata"]["labels"])


def _name(each: Manifest) -> str:
    return str(each["metadata"]["name"])
