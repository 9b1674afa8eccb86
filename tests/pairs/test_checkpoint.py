"""Two checkpoints in the published layout become a pair, or one sentence says why not."""

import json
import re
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_checkpoint import VOCODER, change_json, save_vocoder
from tiny_pipe import after_two_steps

from sonocanvas.config import RunConfig
from sonocanvas.denoise import make_scheduler
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.generate import generate
from sonocanvas.models import load_pair
from sonocanvas.pairs import sd15_auffusion, sd15_riffusion
from sonocanvas.pairs.checkpoint import decode_difference
from sonocanvas.pairs.folder import load_folder, save_folder
from sonocanvas.pairs.part_files import read_pickle
from sonocanvas.registry import METHODS
from sonocanvas.types import AUFFUSION_FORMAT, RIFFUSION_FORMAT

PROMPTS = {"image_prompt": "a castle", "audio_prompt": "bells"}


@pytest.fixture
def folders(saved, tmp_path):
    """Returns a copy of the checkpoints that a test may damage."""
    return shutil.copytree(saved, tmp_path / "checkpoints")


def load(folders, **options):
    models = {"image_model": str(folders / "image"), "audio_model": str(folders / "audio")}
    return sd15_auffusion.load(**(models | options))


def test_pair_has_both_models_and_what_is_common_once(saved):
    pair = load(saved)
    weights = load_file(saved / "image/unet/diffusion_pytorch_model.safetensors")
    pickled = torch.load(saved / "audio/unet/diffusion_pytorch_model.bin", weights_only=True)
    for unet, expected in ((pair.image_unet, weights), (pair.audio_unet, pickled)):
        assert all(
            torch.equal(tensor, expected[name]) for name, tensor in unet.state_dict().items()
        )
        assert not unet.training
        assert not any(weight.requires_grad for weight in unet.parameters())
    assert pair.image_text_encoder is pair.audio_text_encoder
    assert pair.image_tokenizer is pair.audio_tokenizer
    assert (pair.latent_shape, pair.crop_columns) == ((4, 32, 128), 32)
    assert pair.canvas_format == AUFFUSION_FORMAT
    assert pair.vocoder.config["num_mels"] == 256


def test_other_text_encoder_is_kept_apart(folders):
    path = folders / "audio/text_encoder/model.safetensors"
    tensors = load_file(path)
    tensors["final_layer_norm.bias"] += 1
    save_file(tensors, path, metadata={"format": "pt"})
    pair = load(folders)
    bias = "final_layer_norm.bias"
    image, audio = pair.image_text_encoder.state_dict(), pair.audio_text_encoder.state_dict()
    assert torch.equal(image[bias] + 1, audio[bias])


def test_other_words_keep_text_encoders_apart(folders):
    change_json(folders / "audio/tokenizer/tokenizer_config.json", model_max_length=8)
    pair = load(folders)
    assert pair.image_text_encoder is not pair.audio_text_encoder
    assert (pair.image_tokenizer.model_max_length, pair.audio_tokenizer.model_max_length) == (16, 8)


def test_schedule_is_sampled_as_stable_diffusion_is(folders):
    change_json(
        folders / "audio/scheduler/scheduler_config.json",
        clip_sample=True,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
        steps_offset=0,
    )
    scheduler = make_scheduler(load(folders).scheduler_config)
    scheduler.set_timesteps(100)
    assert scheduler.timesteps[:2].tolist() == [991, 981]
    assert scheduler.timesteps[-1] == 1
    assert scheduler.config.clip_sample is False
    assert scheduler.config.set_alpha_to_one is False
    assert (scheduler.config.beta_start, scheduler.config.beta_end) == (0.00085, 0.012)
    assert scheduler.config.beta_schedule == "scaled_linear"


def test_other_autoencoder_is_told_with_the_measured_difference(folders):
    path = folders / "image/vae/diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    tensors["decoder.conv_out.bias"] += 0.1
    save_file(tensors, path, metadata={"format": "pt"})
    sentences = []
    pair = load(folders, on_warning=sentences.append)
    assert len(sentences) == 1
    told = float(re.search(r"are (\S+) apart", sentences[0]).group(1))
    assert told == pytest.approx(0.05, abs=2e-3)  # [-1, 1] to [0, 1] halves it
    audio = load_file(folders / "audio/vae/diffusion_pytorch_model.safetensors")
    assert torch.equal(pair.vae.decoder.conv_out.bias, audio["decoder.conv_out.bias"])
    assert decode_difference(pair.vae, pair.vae, 4) == 0


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("vae", {"latent_channels": 16}, "latent_channels of the image vae is 4, .* vae is 16"),
        ("vae", {"scaling_factor": 0.13025}, "image vae is 0.18215, .* audio vae is 0.13025"),
        ("scheduler", {"beta_end": 0.02}, "beta_end of the image .* is 0.012, .* is 0.02"),
        ("scheduler", {"beta_schedule": "linear"}, "is scaled_linear, .* is linear"),
        ("scheduler", {"trained_betas": [0.1] * 1000}, r"is None, .* is \[0\.1, .*, \.\.\.\]\."),
        ("scheduler", {"prediction_type": "v_prediction"}, "is epsilon, .* is v_prediction"),
        ("vae", {"block_out_channels": [4, 4]}, "a latent of the image vae is 8, .* vae is 2"),
        ("unet", {"time_cond_proj_dim": 256}, "dim allowed is None, but of the audio unet is 256"),
        ("unet", {"addition_embed_type": "text_time"}, "is None, .* is text_time"),
        ("unet", {"cross_attention_dim": 24}, "text encoder is 16, but its unet reads is 24"),
        ("unet", {"in_channels": 9}, "audio vae is 4, but in_channels of its unet is 9"),
        ("vocoder", {"num_mels": 80}, "mels of canvas_format is 256, but num_mels .* is 80"),
        ("vocoder", {"upsample_rates": [5, 4, 4, 4]}, "hop_samples .* 160, but product .* 320"),
        ("vocoder", {"upsample_rates": None}, "has the upsample_rates None"),
    ],
)
def test_checkpoints_that_do_not_fit_are_named_with_both_values(folders, file, changes, message):
    name = "scheduler_config.json" if file == "scheduler" else "config.json"
    change_json(folders / "audio" / file / name, **changes)
    with pytest.raises(CheckpointError, match=message) as caught:
        load(folders)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_models_in_each_others_place_are_told(folders):
    sentences = []
    load(folders, image_model=str(folders / "audio"), on_warning=sentences.append)
    assert sentences == [
        f"The image model {folders / 'audio'} comes with a vocoder, like a spectrogram model; "
        "if it is one, its pictures will be spectrograms.",
        f"The image model and the audio model are the same: {folders / 'audio'}.",
    ]
    sentences.clear()
    shutil.copytree(folders / "image", folders / "other")
    load(folders, audio_model=str(folders / "other"), on_warning=sentences.append)
    assert sentences == [
        f"The audio model {folders / 'other'} comes without the vocoder that "
        "auffusion/auffusion-full-no-adapter has; if it was not trained on the canvas of pair "
        "'sd15-auffusion', it will sound like noise."
    ]


def test_weights_of_another_width_are_told_with_both_shapes(folders):
    change_json(folders / "image/unet/config.json", block_out_channels=[32, 32])
    both = r"conv_in\.weight: .*\[16, 4, 3, 3\].*\[32, 4, 3, 3\]"
    with pytest.raises(CheckpointError, match=both):
        load(folders)


@pytest.mark.parametrize(
    "name", ["image/unet/diffusion_pytorch_model.safetensors", "audio/vocoder/vocoder.pt"]
)
def test_a_pointer_in_the_place_of_weights_says_how_to_get_them(folders, name):
    (folders / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(CheckpointError, match=r"is a Git LFS pointer.* run `git lfs pull`"):
        load(folders)


def test_stale_words_of_a_vocoder_are_told_with_both_values_and_do_not_stop(folders, tmp_path):
    stale = {"sampling_rate": 22050, "fmax": 11025, "fmin": 0, "n_fft": 1024, "win_size": 1024}
    change_json(folders / "audio/vocoder/config.json", **stale)
    sentences = []
    pair = load(folders, on_warning=sentences.append)
    assert sentences == [
        "The description of the vocoder of pair 'sd15-auffusion' differs from its canvas, which "
        "is used: sampling_rate is 22050, not 16000, n_fft is 1024, not 2048, fmax is "
        "11025, not 8000; if it sounds wrong, the vocoder belongs to another model."
    ]
    save_folder(pair, tmp_path / "pair")
    load_folder(tmp_path / "pair", on_warning=sentences.append)
    assert sentences[1:] == sentences[:1]


def test_both_models_of_another_prediction_are_refused(folders):
    for model in ("image", "audio"):
        path = folders / model / "scheduler/scheduler_config.json"
        change_json(path, prediction_type="v_prediction")
    with pytest.raises(CheckpointError, match=r"allowed is epsilon, .* is v_prediction"):
        load(folders)


def test_descriptions_are_checked_before_weights_are_read(folders, monkeypatch):
    change_json(folders / "audio/scheduler/scheduler_config.json", beta_end=0.02)
    monkeypatch.setattr("sonocanvas.pairs.checkpoint.check_weights", None)
    with pytest.raises(CheckpointError, match="beta_end"):
        load(folders)


@pytest.mark.parametrize("name", ["unet/diffusion_pytorch_model.bin", "vocoder/vocoder.pt"])
def test_a_truncated_pickle_is_named(folders, name):
    path = folders / "audio" / name
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match=f"{re.escape(str(path))} is broken or holds more"):
        load(folders)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_is_cut_off_anywhere_is_named(tmp_path, zipped):
    path = tmp_path / "vocoder.pt"
    weights = {"generator": {"conv_pre.bias": torch.ones(3), "conv_post.bias": torch.ones(1)}}
    torch.save(weights, path, _use_new_zipfile_serialization=zipped)
    assert read_pickle(path)["generator"].keys() == weights["generator"].keys()
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, len(whole) // 60):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="is broken or holds more than tensors"):
            read_pickle(path)


def test_a_vocoder_pickle_without_its_generator_is_refused(folders):
    torch.save({"weights": {}}, folders / "audio/vocoder/vocoder.pt")
    with pytest.raises(CheckpointError, match="must hold 'generator'"):
        load(folders)


def test_safetensors_of_the_vocoder_come_before_the_pickle(folders):
    plain = load(folders).vocoder
    changed = {name: tensor + 1 for name, tensor in plain.tensors.items()}
    save_file(changed, folders / "audio/vocoder/vocoder.safetensors")
    (folders / "audio/vocoder/vocoder.pt").write_bytes(b"not weights")
    tensors = load(folders).vocoder.tensors
    assert all(torch.equal(tensor, changed[name]) for name, tensor in tensors.items())


def test_safetensors_of_a_unet_come_before_the_pickle(folders):
    image = folders / "image/unet/diffusion_pytorch_model.safetensors"
    shutil.copy(image, folders / "audio/unet")
    pair = load(folders)
    weight = "conv_in.weight"
    assert torch.equal(pair.image_unet.state_dict()[weight], pair.audio_unet.state_dict()[weight])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("image/unet/config.json", r"unet/config.json is missing"),
        ("audio/scheduler/scheduler_config.json", "scheduler_config.json is missing"),
        ("audio/unet/diffusion_pytorch_model.bin", r"unet holds no weights \(safetensors or"),
        ("image/vae/diffusion_pytorch_model.safetensors", "vae holds no .* but config.json"),
        ("image/tokenizer/merges.txt", "tokenizer/merges.txt is missing"),
        ("image/tokenizer/tokenizer_config.json", "tokenizer/tokenizer_config.json is missing"),
        ("audio/vocoder/config.json", "vocoder/config.json is missing"),
    ],
)
def test_a_missing_file_is_named(folders, damage, message):
    (folders / damage).unlink()
    with pytest.raises(CheckpointError, match=message):
        load(folders)


def test_licence_in_a_folder_is_kept(folders):
    card = "---\nlicense: cc-by-nc-sa-4.0\ntags: [audio]\n---\n# Auffusion\n"
    (folders / "audio/README.md").write_text(card)
    licences = load(folders).licences
    assert licences["audio"] == "audio: cc-by-nc-sa-4.0"
    assert licences["image"].startswith("image: not known")


def test_a_joined_pair_is_saved_and_comes_back_as_local(saved, tmp_path):
    pair = load(saved)
    save_folder(pair, tmp_path / "pair", dtype=torch.float32)
    run = RunConfig(**PROMPTS, pair=f"local:{tmp_path / 'pair'}")
    assert run.vocoder.name == "hifigan"
    loaded = load_pair(run, "cpu")
    assert loaded.vocoder.config == pair.vocoder.config
    for name, tensor in pair.vocoder.tensors.items():
        assert torch.equal(loaded.vocoder.tensors[name], tensor)
    assert torch.equal(after_two_steps(pair), after_two_steps(loaded))


def test_a_run_plays_the_cropped_canvas_by_the_vocoder_of_the_pair(saved, tmp_path):
    run = RunConfig(
        **PROMPTS,
        pair="sd15-auffusion",
        image_model=str(saved / "image"),
        audio_model=str(saved / "audio"),
        seeds=[3],
        sampling={"steps": 1},
    )
    assert run.vocoder.name == "hifigan"
    (sample,) = generate(run, tmp_path / "run", device="cpu")
    assert sample.canvas.shape == (256, 992)
    assert sample.waveform.samples.shape == (1, 992 * 160)
    record = json.loads((tmp_path / "run/0003/sample.json").read_text())
    assert record["vocoder"] == {"name": "hifigan"}
    assert set(record["pair"]["licences"]) == {"image", "audio"}
    played = generate(run, tmp_path / "run", device="cpu")  # keeps the samples that exist
    assert torch.equal(played[0].latent, sample.latent)


def test_a_run_of_riffusion_plays_a_square_canvas_by_griffin_lim(saved, tmp_path):
    sentences = []
    run = RunConfig(
        **PROMPTS,
        pair="sd15-riffusion",
        image_model=str(saved / "image"),
        audio_model=str(saved / "image"),
        seeds=[3],
        sampling={"steps": 1},
    )
    assert run.vocoder.name == "griffin_lim"
    pair = load_pair(run, "cpu", sentences.append)
    assert (len(sentences), "are the same" in sentences[0]) == (1, True)
    assert (pair.latent_shape, pair.crop_columns, pair.vocoder) == ((4, 64, 64), 0, None)
    assert pair.canvas_format == RIFFUSION_FORMAT
    (sample,) = generate(run, tmp_path / "run", pair=pair)
    assert sample.canvas.shape == (512, 512)
    assert sample.waveform.samples.shape == (1, 512 * 441)
    assert sample.waveform.sample_rate_hz == 44100


def test_the_vocoder_of_another_canvas_is_refused_by_riffusion(saved):
    models = {"image_model": str(saved / "image"), "audio_model": str(saved / "audio")}
    with pytest.raises(CheckpointError, match=r"mels of canvas_format is 512, but .* is 256"):
        sd15_riffusion.load(**models)


def test_a_pair_without_vocoder_says_what_to_use_before_any_denoising(folders, monkeypatch):
    shutil.rmtree(folders / "audio/vocoder")
    models = {"image_model": str(folders / "image"), "audio_model": str(folders / "audio")}
    run = RunConfig(**PROMPTS, pair="sd15-auffusion", **models)
    monkeypatch.setitem(METHODS, "compose", "sonocanvas.types:none")
    with pytest.raises(InvalidInputError, match=r"carries no vocoder .* use the vocoder griffin"):
        generate(run, device="cpu", on_warning=lambda sentence: None)


def test_a_vocoder_of_the_other_block_is_built(folders):
    shutil.rmtree(folders / "audio/vocoder")
    save_vocoder(folders / "audio/vocoder", VOCODER | {"resblock": "2"})
    assert load(folders).vocoder.config["resblock"] == "2"
