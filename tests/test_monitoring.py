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

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "docker" / "prometheus" / "rules.yml"
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
