"""Encodes prompts for both models, once per prompt and not per seed."""

import difflib
import re

import torch
from torch import Tensor
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from sonocanvas.devices import device_of
from sonocanvas.errors import InvalidInputError
from sonocanvas.types import ModelPair, Prompts, TextEmbeddings
from sonocanvas.words.concepts import pictures, prompt_with, sounds
from sonocanvas.words.counts import without_count
from sonocanvas.words.synonyms import read_as

LITTLE_WORDS = {
    *("a", "an", "and", "at", "by", "for", "from", "in", "into", "its", "of", "on", "or"),
    *("over", "the", "to", "under", "with", "without"),
}
"""Words without content, such as articles."""


def encode_prompts(
    pair: ModelPair, prompts: Prompts, device: torch.device | None = None
) -> tuple[TextEmbeddings, list[str]]:
    """Returns the embeddings of all four prompts, and warnings.

    The embeddings equal those of diffusers' `StableDiffusionPipeline`: the last hidden state of
    the padded and truncated prompt, without an attention mask. For a pair with a closed
    vocabulary, unknown words are replaced by known ones from the table of synonyms.

    Args:
        pair: The models.
        prompts: What to draw and to play; the negative prompts may be empty.
        device: Device of the computation; by default that of the text encoders.

    Raises:
        InvalidInputError: The image prompt or the audio prompt is empty.
    """
    for name, text in (("image", prompts.image), ("audio", prompts.audio)):
        if not text.strip():
            raise InvalidInputError(f"The {name} prompt is empty; it needs at least one word.")
    embeddings: dict[str, Tensor] = {}
    warnings: list[str] = []
    for model in ("image", "audio"):
        for name in (model, f"negative_{model}"):
            what = f"{name.replace('_', ' ')} prompt"
            embeddings[name], told = encode_text(pair, model, getattr(prompts, name), what, device)
            warnings += told
    return TextEmbeddings(**embeddings), warnings


def encode_text(
    pair: ModelPair, model: str, text: str, what: str, device: torch.device | None = None
) -> tuple[Tensor, list[str]]:
    """Returns the embedding `(1, tokens, width)` of a text, and warnings.

    Args:
        pair: The models.
        model: The model that reads it, `"image"` or `"audio"`.
        text: The text; may be empty.
        what: Its name in warnings, such as `"image prompt"`.
        device: As for `encode_prompts`.
    """
    tokenizer = getattr(pair, f"{model}_tokenizer")
    text_encoder = getattr(pair, f"{model}_text_encoder")
    if pair.closed_vocabulary and model == "image":
        text = without_count(text, _known(tokenizer))
    read = known_prompt(tokenizer, text) if pair.closed_vocabulary else text
    warnings = _cut_off(tokenizer, what, text)
    if pair.closed_vocabulary:
        warnings += _unknown_to(tokenizer, model, what, text)
        if model == "image" and not what.startswith("negative"):
            warnings += _seldom_drawn(pair, text)
    return _encode(tokenizer, text_encoder, read, device), warnings


def unknown_words(tokenizer: PreTrainedTokenizerBase, text: str) -> dict[str, list[str]]:
    """Returns the words that a tokenizer does not know, each with the nearest known words.

    Args:
        tokenizer: A fast tokenizer of transformers; only word-level ones have unknown words.
        text: A prompt.
    """
    known = _known(tokenizer)
    words = [text[start:end].lower() for start, end in _unknown(tokenizer, text)]
    return {word: difflib.get_close_matches(word, known, n=3) for word in words}


def check_known(pair: ModelPair, model: str, text: str) -> None:
    """Checks that a model with a closed vocabulary knows a content word of a prompt.

    Args:
        pair: The models.
        model: The model that reads it, `"image"` or `"audio"`.
        text: The prompt.

    Raises:
        InvalidInputError: It knows none, so the canvas would have nothing to do with the prompt.
    """
    if not pair.closed_vocabulary:
        return
    tokenizer = getattr(pair, f"{model}_tokenizer")
    unread = {start for start, _ in _unknown(tokenizer, known_prompt(tokenizer, text))}
    words = re.finditer(r"\w+", known_prompt(tokenizer, text).lower())
    counting = [found for found in words if found.group() not in LITTLE_WORDS]
    if counting and all(found.start() in unread for found in counting):
        concepts = pictures() if model == "image" else sounds()
        near = [one for words in unknown_words(tokenizer, text).values() for one in words]
        offered = [prompt_with(one, concepts) for one in near]
        well = [one.prompt for one in concepts if one.offered]
        offered += well[:: max(1, len(well) // 5)]
        some = ", ".join(f"'{prompt}'" for prompt in list(dict.fromkeys(offered))[:5])
        raise InvalidInputError(
            f"'{pair.name}' knows no word of the {model} prompt '{text}', but {some} and more: "
            "'sonocanvas list prompts' prints all. --anyway makes a canvas regardless."
        )


def known_prompt(tokenizer: PreTrainedTokenizerBase, text: str) -> str:
    """Returns a prompt as the model reads it, with unknown words replaced by known synonyms.

    Args:
        tokenizer: A fast word-level tokenizer.
        text: A prompt; the rest of it is kept.
    """
    known = _known(tokenizer)
    for start, end in reversed(_unknown(tokenizer, text)):
        word = read_as(text[start:end].lower(), known)
        if word is not None:
            text = text[:start] + word + text[end:]
    return text


def _encode(
    tokenizer: PreTrainedTokenizerBase,
    text_encoder: PreTrainedModel,
    text: str,
    device: torch.device | None,
) -> Tensor:
    """Returns the embedding `(1, tokens, width)` of one prompt."""
    tokens = tokenizer(
        text,
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    )
    with torch.no_grad():
        embedding: Tensor = text_encoder(tokens.input_ids.to(device or device_of(text_encoder)))[0]
    return embedding


def _cut_off(tokenizer: PreTrainedTokenizerBase, what: str, text: str) -> list[str]:
    """Returns a warning about text that is cut off."""
    offsets = _tokens(tokenizer, text)["offset_mapping"]
    limit = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add()
    if len(offsets) <= limit:
        return []
    cut = text[offsets[limit][0] :].strip()
    return [f"The {what} is longer than {limit} tokens; cut off: '{cut}'."]


def _unknown_to(tokenizer: PreTrainedTokenizerBase, model: str, what: str, text: str) -> list[str]:
    """Returns a warning for each word that a model does not know."""
    concepts, known, sentences = pictures() if model == "image" else sounds(), _known(tokenizer), []
    for word, near in unknown_words(tokenizer, text).items():
        offered = dict.fromkeys(f"'{prompt_with(one, concepts)}'" for one in near)
        hint = f"; nearest known: {', '.join(offered)}" if near else ""
        synonym = read_as(word, known)
        if synonym is not None:
            hint = f", read as '{synonym}'"
        elif not near:
            hint = "; 'sonocanvas list prompts' prints what it knows"
        sentences.append(f"The {what} has a word that the pair does not know: '{word}'{hint}.")
    return sentences


def _seldom_drawn(pair: ModelPair, text: str) -> list[str]:
    """Returns a warning about a picture that one seldom recognises."""
    seldom = {one.prompt for one in pictures() if not one.offered}
    if text.strip().lower() not in seldom:
        return []
    return [
        f"'{pair.name}' seldom draws '{text}' so that one recognises it; 'sonocanvas list prompts' "
        "prints what it draws better."
    ]


def _known(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Returns the words of a tokenizer in alphabetical order, without its special tokens."""
    return sorted(set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens))


def _unknown(tokenizer: PreTrainedTokenizerBase, text: str) -> list[tuple[int, int]]:
    """Returns the start and end of every word in a text that a tokenizer does not know."""
    tokens = _tokens(tokenizer, text)
    return [
        (start, end)
        for token, (start, end) in zip(tokens["input_ids"], tokens["offset_mapping"], strict=True)
        if token == tokenizer.unk_token_id and any(map(str.isalnum, text[start:end]))
    ]


def _tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> BatchEncoding:
    """Returns the tokens of the whole text, with the position of each."""
    return tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
