"""The alerts and the dashboard that ship: promtool takes them, and they ask for what there is."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_service.metrics import Metrics
from inference_service.priority import Priority
from stt_web.core.metrics import REGISTRY
from tests import report
from transcripts.fetching.addresses import FETCH_ERRORS
from transcripts.media.errors import MEDIA_ERRORS, MediaError

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "docker" / "prometheus" / "rules.yml"
COMPOSE = RULES.with_name("prometheus.yml")
KUBERNETES = RULES.with_name("kubernetes.yml")
DASHBOARD = ROOT / "docker" / "grafana" / "dashboard.json"
# Read from the tables (`transcripts.queue_metrics`); that test knows them.
OF_TABLES = {
    "stt_jobs",
    "stt_queue_audio_seconds",
    "stt_queue_oldest_seconds",
    "stt_live_sessions",
    "stt_mail_waiting",
    "stt_webhook_deliveries_waiting",
}


@pytest.mark.parametrize(
    "command",
    [
        ("check", "rules", "docker/prometheus/rules.yml"),
        ("test", "rules", "docker/prometheus/rules_test.yml"),
        ("check", "config", "--syntax-only", "docker/prometheus/prometheus.yml"),
    ],
)
def test_promtool_takes_the_rules_and_each_alert_fires_on_its_trouble(
    command: tuple[str, ...],
) -> None:
    report.require("promtool", is_there=bool(shutil.which("promtool")), reason="No promtool here.")
    done = subprocess.run(
        ["promtool", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_configuration_for_kubernetes(tmp_path: Path) -> None:
    """But for its discovery, which Debian's promtool is built without."""
    report.require("promtool", is_there=bool(shutil.which("promtool")), reason="No promtool here.")
    config = yaml.safe_load(KUBERNETES.read_text())
    (scraped,) = config["scrape_configs"]
    (found,) = scraped.pop("kubernetes_sd_configs")
    assert found == {"role": "pod", "namespaces": {"names": ["stt"]}}
    scraped["static_configs"] = [{"targets": ["127.0.0.1:9100"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        ["promtool", "check", "config", "--syntax-only", str(tmp_path / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_configurations_name_the_job_and_the_components_that_alerts_ask_for() -> None:
    for file in (COMPOSE, KUBERNETES):
        (scraped,) = yaml.safe_load(file.read_text())["scrape_configs"]
        assert scraped["job_name"] == "stt"
        targets = [each.get("target_label") for each in scraped["relabel_configs"]]
        assert "component" in targets, file
    (compose,) = yaml.safe_load(COMPOSE.read_text())["scrape_configs"]
    names = set(compose["dns_sd_configs"][0]["names"])
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    with_metrics = {
        name for name, each in services.items() if "STT_METRICS_LISTEN" in each["environment"]
    }
    # migrate ends by itself; the GPU's answers to the name `inference`.
    assert names == with_metrics - {"migrate", "inference-gpu"}


def test_a_broken_recording_or_address_is_no_alert_and_a_fault_of_ours_is() -> None:
    (alert,) = (rule for rule in rules() if rule.get("alert") == "SttJobsFail")
    found = re.search(r"code!~'([^']*)'", alert["expr"])
    assert found is not None
    raised = [each for each in (*MEDIA_ERRORS, *FETCH_ERRORS) if isinstance(each, MediaError)]
    of_clients = {each.code for each in raised if each.status < 500}
    assert set(found[1].split("|")) == of_clients | {"no_credits", "file_too_large"}


def test_each_alert_has_its_cure() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert len(alerts) == 10
    for alert in alerts:
        assert alert["labels"]["severity"] in ("page", "ticket")
        assert len(alert["annotations"]["what_to_do"]) > 40, alert["alert"]


def test_alerts_and_dashboard_ask_for_metrics_that_there_are() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = [rule["expr"] for rule in rules()]
    asked += [target["expr"] for panel in panels for target in panel["targets"]]
    names = {name for expr in asked for name in re.findall(r"\bstt_[a-z0-9_:]+", expr)}
    assert len(names) > 20
    assert names - served_names() - recorded == set()


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def served_names() -> set[str]:
    """Names of series, as both tiers serve them."""
    metrics = Metrics()
    metrics.watch(
        count_waiting=lambda _: 0,
        count_sessions=lambda _: 0,
        count_requests=lambda: {(Priority.LIVE, "base", True): 1},
        loaded_models=dict,
    )
    names = set(OF_TABLES)
    for registry in (REGISTRY, metrics.registry):
        for family in registry.collect():
            suffixes = {
                "counter": ("_total",),
                "histogram": ("_bucket", "_sum", "_count"),
            }.get(family.type, ("",))
            names |= {family.name + suffix for suffix in suffixes}
    return names
