"""Where weights can come from, in the order in which `pull` asks: see `plan_sources`."""

from inference_service.catalog.sources.plan import PullSettings, SourcePlan, plan_sources
from inference_service.catalog.sources.source import Report, SourceError, WeightSource

__all__ = ["PullSettings", "Report", "SourceError", "SourcePlan", "WeightSource", "plan_sources"]
