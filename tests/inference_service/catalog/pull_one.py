"""`python -m …pull_one MODELS_DIR MIRROR_URL`: pulls the small model, to be killed in between."""

import sys
from pathlib import Path

from inference_service.catalog.pull import install
from inference_service.catalog.sources import plan_sources
from inference_service.config import Config
from tests.inference_service.catalog.conftest import make_model

if __name__ == "__main__":
    config = Config(models_dir=Path(sys.argv[1]), weights_url=sys.argv[2])
    model = make_model()
    install(model, config.models_dir, plan_sources(model, config), report=lambda _: None)
