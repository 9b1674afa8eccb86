"""Captions by number: some are dropped, and shared concepts come up more often."""

import torch

from sonocanvas.pairs.mini import WEIGHTS
from sonocanvas.training.captions import Captions, concept_weights, without_some


def test_a_caption_keeps_its_number_and_the_empty_one_is_the_first():
    captions = Captions()
    assert [captions(one) for one in ("a dog", "an owl", "a dog", "")] == [1, 2, 1, 0]


def test_embeddings_are_those_of_the_text_encoder_by_number():
    captions = Captions()
    captions("a dog")
    table = captions.embedded(WEIGHTS, "cpu")
    assert table.shape == (2, 16, 256)
    other = Captions()
    other("a bell")
    other("a dog")
    torch.testing.assert_close(other.embedded(WEIGHTS, "cpu")[2], table[1])


def test_shared_concepts_come_up_more_often():
    assert concept_weights(["dog", "theremin"]).tolist() == [1.0, torch.tensor(0.6).item()]


def test_some_captions_are_left_out():
    torch.manual_seed(0)
    left = without_some(torch.full((4000,), 7))
    assert set(left.tolist()) == {0, 7}
    assert 0.1 < (left == 0).float().mean() < 0.14
