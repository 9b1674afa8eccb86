"""Prompts to text embeddings of both models, once per prompt and not per seed."""

import difflib

import torch
from torch import Tensor
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from sonocanvas.errors import InvalidInputError
from sonocanvas.types import ModelPair, Prompts, TextEmbeddings


def encode_prompts(pair: ModelPair, prompts: Prompts) -> tuple[TextEmbeddings, list[str]]:
    """Returns the text embeddings of all four prompts, and warnings as sentences.

    The embeddings are those of diffusers' `StableDiffusionPipeline`: the last hidden state of
    the padded and truncated prompt, without an attention mask.

    Args:
        pair: The models.
        prompts: What to draw and to play; the negative prompts may be empty.

    Raises:
        InvalidInputError: The image prompt or the audio prompt is empty.
    """
    for name, text in (("image", prompts.image), ("audio", prompts.audio)):
        if not text.strip():
            raise InvalidInputError(f"The {name} prompt is empty; it needs at least one word.")
    embeddings: dict[str, Tensor] = {}
    warnings: list[str] = []
    for model in ("image", "audio"):
        tokenizer = getattr(pair, f"{model}_tokenizer")
        text_encoder = getattr(pair, f"{model}_text_encoder")
        for name in (model, f"negative_{model}"):
            text = getattr(prompts, name)
            embeddings[name] = _encode(tokenizer, text_encoder, text)
            what = f"{name.replace('_', ' ')} prompt"
            warnings += _warnings(tokenizer, what, text, pair.closed_vocabulary)
    return TextEmbeddings(**embeddings), warnings


def unknown_words(tokenizer: PreTrainedTokenizerBase, text: str) -> dict[str, list[str]]:
    """Returns the words that a tokenizer does not know, each with the nearest that it does.

    Args:
        tokenizer: A fast tokenizer of transformers; only one of whole words has unknown words.
        text: A prompt.
    """
    tokens = _tokens(tokenizer, text)
    known = sorted(set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens))
    words = [
        text[start:end].lower()
        for token, (start, end) in zip(tokens["input_ids"], tokens["offset_mapping"], strict=True)
        if token == tokenizer.unk_token_id and any(map(str.isalnum, text[start:end]))
    ]
    return {word: difflib.get_close_matches(word, known, n=3) for word in words}


def _encode(tokenizer: PreTrainedTokenizerBase, text_encoder: PreTrainedModel, text: str) -> Tensor:
    """Returns the embedding `(1, tokens, width)` of one prompt."""
    tokens = tokenizer(
        text,
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    )
    with torch.no_grad():
        embedding: Tensor = text_encoder(tokens.input_ids.to(text_encoder.device))[0]
    return embedding


def _warnings(
    tokenizer: PreTrainedTokenizerBase, what: str, text: str, closed_vocabulary: bool
) -> list[str]:
    """Returns a sentence for the text that is cut off and for each word that is not known."""
    sentences = []
    offsets = _tokens(tokenizer, text)["offset_mapping"]
    limit = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add()
    if len(offsets) > limit:
        cut = text[offsets[limit][0] :].strip()
        sentences.append(f"The {what} is longer than {limit} tokens; cut off: '{cut}'.")
    if closed_vocabulary:
        for word, near in unknown_words(tokenizer, text).items():
            hint = f"; nearest known: {', '.join(near)}" if near else ""
            sentences.append(f"The {what} has a word that the pair does not know: '{word}'{hint}.")
    return sentences


def _tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> BatchEncoding:
    """Returns the tokens of the whole text, with the place of each in it."""
    return tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
