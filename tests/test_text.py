import diffusers
import pytest
import torch
from tiny import (
    LATENT_SHAPE,
    TEXT_WIDTH,
    TOKENS,
    diffusers_pipeline,
    tiny_pair,
    tiny_text_encoder,
    tiny_tokenizer,
)

from sonocanvas.errors import InvalidInputError
from sonocanvas.text import encode_prompts, encode_text, known_prompt, unknown_words
from sonocanvas.types import Prompts

LONG = "a castle and a bell and a dog and a bird and a train and rain"


@pytest.fixture(scope="module")
def pair():
    return tiny_pair()


@pytest.mark.parametrize("prompt", ["a castle, grayscale", LONG, "a zeppelin"])
@pytest.mark.parametrize("negative", ["", "rain"])
def test_embeddings_equal_those_of_diffusers(pair, prompt, negative):
    scheduler = diffusers.DDIMScheduler.from_config(pair.scheduler_config)
    pipeline = diffusers_pipeline(pair, scheduler)
    with torch.no_grad():
        expected = pipeline.encode_prompt(prompt, "cpu", 1, True, negative)
    embeddings, _ = encode_prompts(pair, Prompts(prompt, prompt, negative, negative))
    for model in ("", "negative_"):
        reference = expected[1 if model else 0]
        assert torch.equal(getattr(embeddings, f"{model}image"), reference)
        assert torch.equal(getattr(embeddings, f"{model}audio"), reference)
        assert reference.shape == (1, TOKENS, TEXT_WIDTH)
        assert not reference.requires_grad


def test_each_model_reads_with_its_own_encoder(pair):
    other = tiny_text_encoder().eval()
    two = tiny_pair(audio_text_encoder=other, audio_tokenizer=tiny_tokenizer())
    embeddings, _ = encode_prompts(two, Prompts("a castle", "a castle"))
    assert not torch.equal(embeddings.image, embeddings.audio)
    assert torch.equal(
        embeddings.image, encode_prompts(pair, Prompts("a castle", "a dog"))[0].image
    )
    assert two.latent_shape == LATENT_SHAPE


def test_prompts_that_are_read_in_full_give_no_warning(pair):
    assert encode_prompts(pair, Prompts("A castle, GRAYSCALE", "bells ringing"))[1] == []


def test_what_is_cut_off_is_named(pair):
    _, warnings = encode_prompts(pair, Prompts(LONG, "bells", negative_audio=LONG))
    assert warnings == [
        "The image prompt is longer than 14 tokens; cut off: 'and rain'.",
        "The negative audio prompt is longer than 14 tokens; cut off: 'and rain'.",
    ]


def test_a_prompt_of_exactly_the_longest_length_is_not_cut(pair):
    assert encode_prompts(pair, Prompts(LONG.removesuffix(" and rain"), "bells"))[1] == []


def test_unknown_words_are_named_with_the_nearest_known_ones(pair):
    _, warnings = encode_prompts(pair, Prompts("Castel!", "a zyxxyz", "doge"))
    assert warnings == [
        "The image prompt has a word that the pair does not know: 'castel'; "
        "nearest known: 'a castle with towers'.",
        "The negative image prompt has a word that the pair does not know: 'doge'; "
        "nearest known: 'a dog', 'dogs'.",
        "The audio prompt has a word that the pair does not know: 'zyxxyz'; "
        "'sonocanvas list prompts' prints what it knows.",
    ]


def test_a_picture_that_is_not_offered_gives_a_warning(pair):
    told = "seldom draws 'an Eagle ' so that one recognises it"
    assert told in encode_text(pair, "image", "an Eagle ", "image prompt")[1][-1]
    for model, text, what in (
        ("image", "an owl", "image prompt"),
        ("image", "an eagle", "negative image prompt"),
        ("audio", "an eagle", "audio prompt"),
    ):
        assert "seldom draws" not in " ".join(encode_text(pair, model, text, what)[1])


def test_an_open_vocabulary_has_no_unknown_words(pair):
    open_pair = tiny_pair(closed_vocabulary=False)
    assert encode_prompts(open_pair, Prompts("Castel!", "a zyxxyz"))[1] == []


def test_a_synonym_is_embedded_as_the_known_word_in_all_four_prompts(pair):
    asked = Prompts("a Poodle, grayscale", "STALLIONS barking", "a church, hawks", "2 wolfhounds")
    read = Prompts("a dog, grayscale", "horse barking", "a church, bird", "2 dog")
    embeddings, _ = encode_prompts(pair, asked)
    expected, _ = encode_prompts(pair, read)
    for name in ("image", "audio", "negative_image", "negative_audio"):
        assert torch.equal(getattr(embeddings, name), getattr(expected, name))
    assert asked.image == "a Poodle, grayscale"


def test_a_synonym_is_named_once_in_a_warning(pair):
    _, warnings = encode_prompts(pair, Prompts("a pup and a Pup", "castles", "doge", "a hawk"))
    assert warnings == [
        "The image prompt has a word that the pair does not know: 'pup', read as 'dog'.",
        "The negative image prompt has a word that the pair does not know: 'doge'; "
        "nearest known: 'a dog', 'dogs'.",
        "The audio prompt has a word that the pair does not know: 'castles', read as 'castle'.",
        "The negative audio prompt has a word that the pair does not know: 'hawk', read as 'bird'.",
    ]


def test_a_synonym_that_the_tokenizer_does_not_know_replaces_nothing(pair):
    assert known_prompt(pair.image_tokenizer, "a lioness, a Tiger") == "a lioness, a Tiger"
    assert known_prompt(pair.image_tokenizer, "an ox, a Panther") == "an ox, a Panther"
    assert known_prompt(pair.image_tokenizer, "pups  & Terrier's ,x") == "dog  & dog's ,x"


def test_an_open_vocabulary_has_no_synonyms(pair):
    open_pair = tiny_pair(closed_vocabulary=False)
    embeddings, warnings = encode_prompts(open_pair, Prompts("a pup", "a dog"))
    assert not torch.equal(embeddings.image, embeddings.audio)
    assert warnings == []


def test_unknown_words_are_found_beyond_the_cut_and_listed_once():
    words = unknown_words(tiny_tokenizer(), f"doge {LONG} birb, doge; Birb")
    assert list(words) == ["doge", "birb"]
    assert "bird" in words["birb"]
    assert unknown_words(tiny_tokenizer(), "") == {}


@pytest.mark.parametrize("blank", ["", "  \n"])
def test_an_empty_prompt_is_refused(pair, blank):
    with pytest.raises(InvalidInputError, match="The image prompt is empty"):
        encode_prompts(pair, Prompts(blank, "bells"))
    with pytest.raises(InvalidInputError, match="The audio prompt is empty"):
        encode_prompts(pair, Prompts("a castle", blank))
