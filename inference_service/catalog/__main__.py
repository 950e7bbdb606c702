"""`python -m inference_service.catalog list` and `… pull MODEL`."""

import argparse
import sys

from inference_service.catalog.catalog import Catalog
from inference_service.catalog.entries import CATALOGUE
from inference_service.catalog.errors import CatalogError
from inference_service.catalog.pull import pull
from inference_service.config import BadSettingError, Config, read_config


def main() -> int:
    arguments = _parse_arguments()
    try:
        config = read_config()
        if arguments.command == "list":
            print_models(config)
        else:
            pull_model(arguments.model, config)
    except (CatalogError, BadSettingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def print_models(config: Config) -> None:
    for entry in Catalog(config).models():
        state = "installed" if entry.is_available else "not installed"
        sys.stdout.write(f"{entry.id:24} {state:14} {entry.name}\n")


def pull_model(name: str, config: Config) -> None:
    folder = pull(name, config.models_dir, is_offline=config.offline)
    sys.stdout.write(f"The model {name} is installed in {folder}.\n")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m inference_service.catalog",
        description="The models that this server can recognise speech with.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print every model and whether it is installed")
    pulling = commands.add_parser("pull", help="fetch a model's weights from Hugging Face")
    pulling.add_argument("model", help=", ".join(model.id for model in CATALOGUE))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
