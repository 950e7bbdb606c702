"""Writes small random models in the real formats of those that can't be had in a test.

    PYTHON_OF_THE_TORCH_ENGINES -m tests.torch_engines.make_models FOLDER

wav2vec2-cs and wav2vec2-ja as the hub has wav2vec2 with a CTC head, pyannote-community-1 and
pyannote-3.1 as the hub has these pipelines, pocket-tts (2 million parameters) as Kyutai's, and,
where F5-TTS is installed, f5-tts. They find and say nothing that means anything: what is tested is
that the formats are read, and that what comes out is shaped as promised.
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

_CZECH = "aábcčdďeéěfghiíjklmnňoópqrřsštťuúůvwxyýzž'"
_JAPANESE = "今日は天気いで"
_TEXT = "The quick brown fox jumps over the lazy dog, and speaks! Does it? It does; yes: really."
_TOKENS = 60
_EMBEDDING, _LDA = 256, 128


def main(folder: Path) -> None:
    torch.manual_seed(1)
    make_aligner(folder / "wav2vec2-cs", _CZECH)
    make_aligner(folder / "wav2vec2-ja", _JAPANESE)
    make_pipelines(folder)
    make_pocket(folder / "pocket-tts")
    if importlib.util.find_spec("f5_tts"):
        make_f5(folder / "f5-tts")


def make_aligner(folder: Path, letters: str) -> None:
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    folder.mkdir(parents=True)
    characters = ["<pad>", "<s>", "</s>", "<unk>", "|", *letters]
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({each: at for at, each in enumerate(characters)}))
    config = Wav2Vec2Config(
        vocab_size=len(characters),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(16,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        pad_token_id=0,
    )
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    tokenizer = Wav2Vec2CTCTokenizer(
        str(vocabulary), pad_token="<pad>", unk_token="<unk>", word_delimiter_token="|"
    )
    extractor = Wav2Vec2FeatureExtractor()
    Wav2Vec2Processor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)


def make_pipelines(folder: Path) -> None:
    """community-1 with VBx and its PLDA; 3.1, whose config names repositories of the hub."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding.wespeaker import WeSpeakerResNet34
    from pyannote.audio.models.segmentation import PyanNet

    segmentation = PyanNet(
        lstm={"hidden_size": 8, "num_layers": 1}, linear={"hidden_size": 8, "num_layers": 1}
    )
    segmentation.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=10.0,
        classes=["1", "2", "3"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    embedding = WeSpeakerResNet34()
    embedding.specifications = Specifications(
        problem=Problem.REPRESENTATION,
        resolution=Resolution.CHUNK,
        duration=5.0,
        classes=["a", "b"],
    )
    community, older = folder / "pyannote-community-1", folder / "pyannote-3.1"
    for model, name in ((segmentation, "segmentation"), (embedding, "embedding")):
        model.build()
        for pipeline in (community, older):
            _save_checkpoint(model, pipeline / name)
    _save_plda(community / "plda")
    parts = {each: f"$model/{each}" for each in ("segmentation", "embedding", "plda")}
    _save_config(
        community,
        {"clustering": "VBxClustering", **parts},
        {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8},
    )
    _save_config(
        older,
        {
            "clustering": "AgglomerativeClustering",
            "segmentation": "pyannote/segmentation-3.0",
            "embedding": "pyannote/wespeaker-voxceleb-resnet34-LM",
        },
        {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7},
    )


def _save_checkpoint(model: Any, folder: Path) -> None:
    import pyannote.audio
    import pytorch_lightning

    folder.mkdir(parents=True)
    architecture = {"module": type(model).__module__, "class": type(model).__name__}
    checkpoint = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": pytorch_lightning.__version__,
        "epoch": 0,
        "global_step": 0,
        "pyannote.audio": {
            "versions": {
                "torch": torch.__version__,
                "pyannote.audio": pyannote.audio.__version__,
            },
            "architecture": architecture,
            "specifications": model.specifications,
        },
    }
    torch.save(checkpoint, folder / "pytorch_model.bin")


def _save_plda(folder: Path) -> None:
    folder.mkdir()
    random = np.random.default_rng(0)
    lda = np.linalg.qr(random.normal(size=(_EMBEDDING, _LDA)))[0]
    np.savez(
        folder / "xvec_transform.npz", mean1=np.zeros(_EMBEDDING), mean2=np.zeros(_LDA), lda=lda
    )
    np.savez(folder / "plda.npz", mu=np.zeros(_LDA), tr=np.eye(_LDA), psi=np.linspace(5, 0.1, _LDA))


def _save_config(folder: Path, params: dict[str, Any], clustering: dict[str, Any]) -> None:
    config = {
        "pipeline": {"name": "pyannote.audio.pipelines.SpeakerDiarization", "params": params},
        "params": {"clustering": clustering, "segmentation": {"min_duration_off": 0.0}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def make_pocket(folder: Path) -> None:
    import safetensors.torch
    import sentencepiece
    from pocket_tts import TTSModel
    from pocket_tts.utils.config import CONFIGS_DIR

    folder.mkdir()
    corpus = folder / "corpus.txt"
    corpus.write_text(f"{_TEXT}\n" * 50)
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=_TOKENS,
        model_type="bpe",
        minloglevel=2,
    )
    config = yaml.safe_load((CONFIGS_DIR / "english_2m_2026-10.yaml").read_text())
    for name in ("weights_path", "weights_path_without_voice_cloning"):
        config.pop(name)
    table = config["flow_lm"]["lookup_table"]
    table |= {"n_bins": _TOKENS, "tokenizer": "sentencepiece"}
    table["tokenizer_path"] = str(folder / "tokenizer.model")
    written = folder / "config.yaml"
    written.write_text(yaml.safe_dump(config))
    model = TTSModel.load_model(config=str(written))
    safetensors.torch.save_file(model.state_dict(), folder / "model.safetensors")


def make_f5(folder: Path) -> None:
    import safetensors.torch
    from f5_tts.model import CFM, DiT
    from f5_tts.model.utils import get_tokenizer
    from vocos import Vocos

    folder.mkdir()
    letters = sorted(set(_TEXT.lower() + _TEXT) - {" "})
    (folder / "vocab.txt").write_text("\n".join([" ", *letters]) + "\n")  # a space is the first
    arch = {"dim": 64, "depth": 2, "heads": 2, "ff_mult": 2, "text_dim": 32, "conv_layers": 1}
    (folder / "arch.yaml").write_text(yaml.safe_dump(arch))
    characters, size = get_tokenizer(str(folder / "vocab.txt"), "custom")
    model = CFM(
        transformer=DiT(**arch, text_num_embeds=size, mel_dim=100),
        mel_spec_kwargs={
            "n_fft": 1024,
            "hop_length": 256,
            "win_length": 1024,
            "n_mel_channels": 100,
            "target_sample_rate": 24_000,
            "mel_spec_type": "vocos",
        },
        vocab_char_map=characters,
    )
    tensors = {f"ema_model.{name}": each for name, each in model.state_dict().items()}
    safetensors.torch.save_file(tensors, folder / "model_1250000.safetensors")
    features = {"sample_rate": 24_000, "n_fft": 1024, "hop_length": 256, "n_mels": 100}
    vocoder = {
        "feature_extractor": {
            "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
            "init_args": {**features, "padding": "center"},
        },
        "backbone": {
            "class_path": "vocos.models.VocosBackbone",
            "init_args": {
                "input_channels": 100,
                "dim": 32,
                "intermediate_dim": 64,
                "num_layers": 1,
            },
        },
        "head": {
            "class_path": "vocos.heads.ISTFTHead",
            "init_args": {"dim": 32, "n_fft": 1024, "hop_length": 256, "padding": "center"},
        },
    }
    (folder / "vocos.yaml").write_text(yaml.safe_dump(vocoder))
    vocos = Vocos.from_hparams(str(folder / "vocos.yaml"))
    torch.save(vocos.state_dict(), folder / "vocos.bin")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
