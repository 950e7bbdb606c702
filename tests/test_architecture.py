"""Who may import whom, read from the code itself.

inference_service ── protos ── web tier          nothing else in common, no engine in the web tier
api | pages | consumers | tasks → services → access, models
a room's models → the resource's models      stored things know no service, and no other room's
transcripts → billing → accounts                 never back
no cycle, neither between modules nor (inference_service, transcripts) between packages
"""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WEB_TIER = ("stt_web", "accounts", "billing", "transcripts")
ENGINES = (
    "ctranslate2",
    "faster_whisper",
    "onnxruntime",
    "pocketsphinx",
    "tokenizers",
    "xllamacpp",
    "fxtranslate",
    "huggingface_hub",
    "torch",
    "transformers",
    "whisperx",
    "pyannote",
    "f5_tts",
    "pocket_tts",
    "perth",
)
# What runs in the environment of the torch engines, and nowhere else.
TORCH = "inference_service/torch_engines"
FRONT = (
    "admin",
    "api",
    "dialects",
    "pages",
    "tasks",
    "management",
    "templatetags",
    "urls",
    "page_urls",
)
ROOM_FRONT = ("api", "consumer", "pages")
# Packages of transcripts, one per capability. The first four serve all others.
FOUNDATIONS = ("text", "media", "inference", "pii")
ROOMS = (
    *FOUNDATIONS,
    "comments",
    "diarization",
    "editing",
    "enhancement",
    "exports",
    "fetching",
    "gaps",
    "glossary",
    "imports",
    "intelligence",
    "jobs",
    "live",
    "retention",
    "review",
    "search",
    "sharing",
    "uploads",
    "voices",
    "webhooks",
)
# What a room stores. Who may read a room's tables needn't be one who may call the room.
STORED = tuple(f"transcripts.{room}.models" for room in ROOMS)
ROOM_PACKAGES = tuple(f"transcripts.{room}" for room in ROOMS)
# The apps know of stt_web what is in core/ only.
WIRING = tuple(
    f"stt_web.{path.stem}"
    for path in sorted((ROOT / "stt_web").iterdir())
    if (path.suffix == ".py" or path.is_dir()) and path.stem not in ("__init__", "core")
)
# What a part must not import. A part is a package or a module; a rule covers all below it.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "inference_service": ("django", "rest_framework", "channels", "celery", "av", *WEB_TIER),
    **dict.fromkeys(WEB_TIER, ("inference_service", *ENGINES)),
    "protos": ("django", "inference_service", *WEB_TIER),
    "accounts/": ("billing", "transcripts", *WIRING),
    "billing/": ("transcripts", *WIRING),
    "transcripts/": WIRING,
    "stt_web/core/": ("accounts", "billing", "transcripts"),
}
for app in ("accounts", "billing", "transcripts"):
    front = tuple(f"{app}.{name}" for name in FRONT)
    FORBIDDEN[f"{app}/access.py"] = (*front, f"{app}.services")
    if app != "billing":
        FORBIDDEN[f"{app}/services"] = front
    for models in ("models.py", "models"):
        FORBIDDEN[f"{app}/{models}"] = (*front, f"{app}.services", f"{app}.access")
for room in FOUNDATIONS:
    others = (*ROOMS, "api", "pages")
    others_below = tuple(f"transcripts.{other}" for other in others if other not in (room, "text"))
    FORBIDDEN[f"transcripts/{room}"] = (*others_below, *STORED)
for room in ROOMS:
    FORBIDDEN[f"transcripts/{room}/models.py"] = (
        *(f"transcripts.{name}" for name in (*FRONT, *ROOMS, "services", "access")),
        *(models for models in STORED if models != f"transcripts.{room}.models"),
    )
for file in sorted((ROOT / "transcripts" / "models").glob("[!_]*.py")):
    FORBIDDEN[f"transcripts/models/{file.name}"] = STORED  # which `__init__` registers
FORBIDDEN["transcripts/text"] += (
    "django.db",
    "transcripts.models",
    "transcripts.access",
    "transcripts.services",
)
FORBIDDEN["transcripts/jobs"] = ("transcripts.live", "transcripts.pages")
# Pages and the API are two fronts of the same services.
for room in ROOMS:
    for pages in ("pages.py", "pages"):
        apis = tuple(f"transcripts.{other}.api" for other in ROOMS)
        FORBIDDEN[f"transcripts/{room}/{pages}"] = ("transcripts.api", *apis)
FORBIDDEN["transcripts/pages"] = ("transcripts.api", *(f"transcripts.{each}.api" for each in ROOMS))
# What is finished knows nothing of how it came about.
for room in ("editing", "exports", "imports", "search", "sharing", "webhooks"):
    FORBIDDEN[f"transcripts/{room}"] = ("transcripts.jobs", "transcripts.live")


def imports_of(path: Path) -> Iterator[str]:
    """Yield every module that the file imports, wherever in it; `from a import b` gives a.b."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files_of(part: str) -> list[Path]:
    path = ROOT / part
    if path.suffix == ".py":
        return [path] if path.exists() else []
    return [file for file in path.rglob("*.py") if "_pb2" not in file.name]


def breaches(files: list[Path], *, forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imports_of(file)
        if any(is_below(module, name) for name in forbidden)
    ]


def is_below(module: str, name: str) -> bool:
    """Return whether a rule about `name` covers `module`; what rooms store is a part by itself."""
    if is_stored(module) and name in ROOM_PACKAGES:
        return False
    return module == name or module.startswith(f"{name}.")


def is_stored(module: str) -> bool:
    return any(f"{module}.".startswith(f"{models}.") for models in STORED)


@pytest.mark.parametrize("part", FORBIDDEN)
def test_a_part_imports_nothing_that_the_architecture_forbids(part: str) -> None:
    assert breaches(files_of(part), forbidden=FORBIDDEN[part]) == []


@pytest.mark.parametrize("part", ["inference_service", *WEB_TIER])
def test_the_rules_read_files_that_exist(part: str) -> None:
    assert files_of(part)


@pytest.mark.parametrize("part", ["stt_web", "transcripts", "tests", "benchmarks"])
def test_what_a_room_stores_is_imported_from_the_room(part: str) -> None:
    """`transcripts.models` has their names for Django alone."""
    registry = ast.parse((ROOT / "transcripts" / "models" / "__init__.py").read_text())
    imported = [node for node in registry.body if isinstance(node, ast.ImportFrom)]
    stored = [alias.name for node in imported if node.module in STORED for alias in node.names]
    assert len(stored) > 10
    files = [file for file in files_of(part) if file.parent.name != "migrations"]
    assert breaches(files, forbidden=tuple(f"transcripts.models.{name}" for name in stored)) == []


def test_only_the_word_itself_knows_how_a_word_is_stored() -> None:
    """A word that is a dict past `text/words.py` would be a second shape of it."""
    stored = re.compile(r"""["']space_before["']""")
    own = ROOT / "transcripts" / "text" / "words.py"
    files = [file for file in files_of("transcripts") if "migrations" not in file.parts]
    assert stored.search(own.read_text())
    assert [file for file in files if file != own and _has_code(file, stored)] == []


def _has_code(file: Path, pattern: re.Pattern[str]) -> bool:
    """Return whether it stands outside of docstrings and comments."""
    return any(
        isinstance(node, ast.Constant) and pattern.fullmatch(repr(node.value)) is not None
        for node in ast.walk(ast.parse(file.read_text()))
    )


def is_front(module: str) -> bool:
    """Return whether it answers requests, messages or commands: of an application, or of a room."""
    app, _, below = module.partition(".")
    parts = below.split(".")
    if app == "transcripts" and parts[0] in ROOMS:
        return len(parts) > 1 and parts[1] in ROOM_FRONT
    return app in WEB_TIER and parts[0] in FRONT


@pytest.mark.parametrize("app", ["accounts", "billing", "transcripts"])
def test_only_a_front_imports_a_front(app: str) -> None:
    """A service that called a room's API or pages would need their forms and requests."""
    services = [file for file in files_of(app) if not is_front(module_name(file))]
    assert services
    assert [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in services
        for module in imports_of(file)
        if is_front(module)
    ] == []


def test_torch_is_imported_in_its_own_process_only() -> None:
    """The services start without it, and go on when it dies."""
    files = [
        each for each in files_of("inference_service") if not each.is_relative_to(ROOT / TORCH)
    ]
    heavy = ("torch", "transformers", "whisperx", "pyannote", "f5_tts", "pocket_tts", "perth")
    assert breaches(files, forbidden=(*heavy, TORCH.replace("/", "."))) == []
    assert breaches(files_of(TORCH), forbidden=("torch",)) != []


def test_the_fronts_of_rooms_are_found() -> None:
    assert is_front("transcripts.jobs.api.transcribe.TranscribeView")
    assert is_front("transcripts.live.consumer")
    assert is_front("accounts.pages.views")
    assert not is_front("transcripts.jobs.submit")
    assert not is_front("transcripts.jobs.models")
    assert not is_front("stt_web.settings")


def test_a_breach_is_found_in_every_form_of_import() -> None:
    file = ROOT / "tests" / "test_architecture.py"
    assert breaches([file], forbidden=("pytest",)) == ["tests/test_architecture.py imports pytest"]
    assert breaches([file], forbidden=("pathlib.Path",)) == [
        "tests/test_architecture.py imports pathlib.Path"
    ]


def test_what_a_room_stores_is_read_without_calling_the_room() -> None:
    file = ROOT / "transcripts" / "imports" / "create.py"
    assert breaches([file], forbidden=("transcripts.jobs",)) == []
    assert breaches([file], forbidden=("transcripts.jobs.models",)) != []
    assert unit_of("transcripts.jobs.models", depth=2) == "transcripts.models"
    assert unit_of("transcripts.jobs.submit", depth=2) == "transcripts.jobs"


@pytest.mark.parametrize(
    ("lock", "parts"),
    [("web", WEB_TIER), ("inference", ("inference_service",)), ("inference-torch", (TORCH,))],
)
def test_a_tier_imports_only_what_its_lock_installs(lock: str, parts: tuple[str, ...]) -> None:
    """The tests run where everything is installed, so that a missing package would not show."""
    locked = (ROOT / "requirements" / f"{lock}.txt").read_text()
    pinned = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
    distributions = packages_distributions()
    for file in (file for part in parts for file in files_of(part)):
        if lock == "inference" and file.is_relative_to(ROOT / TORCH):
            continue
        for module in imports_of(file):
            owners = distributions.get(module.partition(".")[0], [])
            names = {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners}
            assert not names or names & pinned, f"{file.relative_to(ROOT)} imports {module}"


def module_graph(package: str) -> dict[str, set[str]]:
    """Return for each module below `package` the modules below it that it imports, wherever."""
    files = {module_name(file): file for file in files_of(package)}
    graph: dict[str, set[str]] = {}
    for module, file in files.items():
        imported = set(imports_of(file))
        # `from a.b import name` gives a.b.name: the module is that, or what is in front of it.
        owners = {name if name in files else name.rpartition(".")[0] for name in imported}
        graph[module] = {owner for owner in owners if owner in files and owner != module}
    return graph


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sibling_graphs(graph: dict[str, set[str]], package: str) -> Iterator[dict[str, set[str]]]:
    """Yield one graph for each package: its modules and sub-packages, each with all below it."""
    packages = {package} | {name.rpartition(".")[0] for name in graph if "." in name}
    for parent in sorted(name for name in packages if f"{name}.".startswith(f"{package}.")):
        depth = parent.count(".") + 2
        inside = {name for name in graph if name.startswith(f"{parent}.")}
        siblings: dict[str, set[str]] = {}
        for module in inside:
            unit = unit_of(module, depth=depth)
            targets = {unit_of(name, depth=depth) for name in graph[module] & inside}
            siblings.setdefault(unit, set()).update(targets - {unit})
        yield siblings


def unit_of(module: str, *, depth: int) -> str:
    """Return the package or module of so many names; all that rooms store is the models' unit."""
    stored = depth == 2 and is_stored(module)
    return "transcripts.models" if stored else ".".join(module.split(".")[:depth])


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return the names on one cycle of imports, the first repeated at the end; [] for none."""
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("part", ["inference_service", *WEB_TIER])
def test_no_module_imports_itself_through_others(part: str) -> None:
    assert find_cycle(module_graph(part)) == []


@pytest.mark.parametrize(
    ("part", "one", "other"),
    [
        ("inference_service", "sessions", "scheduler"),
        ("transcripts", "jobs", "live"),
        ("accounts", "services", "keys"),
        ("billing", "payments", "models"),
        ("stt_web", "core", "supervisor"),
    ],
)
def test_no_packages_import_each_other(part: str, one: str, other: str) -> None:
    graphs = list(sibling_graphs(module_graph(part), part))
    assert {f"{part}.{one}", f"{part}.{other}"} <= graphs[0].keys()
    assert [find_cycle(graph) for graph in graphs] == [[]] * len(graphs)


def test_an_import_inside_a_function_closes_a_cycle() -> None:
    loading = module_graph("inference_service")["inference_service.engines.loading"]
    assert "inference_service.engines.whisper" in loading  # imported inside `load_recogniser`
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set()}) != []
