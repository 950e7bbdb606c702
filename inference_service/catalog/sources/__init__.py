"""Where weights can come from, in the order in which `pull` asks: see `plan_sources`."""

from inference_service.catalog.sources.plan import Plan, PullSettings, plan_sources
from inference_service.catalog.sources.source import Say, Source, SourceError

__all__ = ["Plan", "PullSettings", "Say", "Source", "SourceError", "plan_sources"]
