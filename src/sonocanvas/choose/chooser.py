"""How a search chooses: by the `keep_by` scores of the run, of canvases and of their sounds."""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from sonocanvas.canvas import decode_latents, image_to_canvas
from sonocanvas.choose.ranking import places, selecting_scores
from sonocanvas.choose.scoring import make_scorers, scored
from sonocanvas.config import RunConfig
from sonocanvas.devices import device_of
from sonocanvas.files.artifacts import as_saved
from sonocanvas.finish import finish_image
from sonocanvas.methods.compose import read_scene
from sonocanvas.protocols import OnWarning
from sonocanvas.types import MINI_FORMAT, ModelPair, Sample, Score

Candidate = dict[str, float]


class Chooser:
    """Scores the tries of a run and selects the best.

    Args:
        config: The run; `keep_by` names the scorers, and `keep_rule` combines their ranks.
        pair: Its models.
        on_warning: Called with warnings about the prompts.

    Raises:
        InvalidInputError: A scorer cannot be used to select.
        CheckpointError: The weights of a scorer are missing or broken.
    """

    def __init__(self, config: RunConfig, pair: ModelPair, on_warning: OnWarning) -> None:
        self.config, self.pair = config, pair
        self.prompts, self.composition, self.notes = read_scene(config, pair, on_warning)
        self.names = selecting_scores(config.keep_by)
        self.scorers = make_scorers(config.keep_by, device_of(pair.image_unet).type)

    @torch.no_grad()
    def decoded(self, latents: Tensor) -> Tensor:
        """Returns the pictures `(batch, 3, height, width)` of latents, on the CPU."""
        pictures, pinned = decode_latents(self.pair.vae, latents).cpu(), self.composition.pinned
        return pictures if pinned is None else pinned.laid_over(pictures)

    def drawn(self, pictures: Tensor) -> list[Candidate]:
        """Returns the two scores of each picture of a batch `(batch, 3, height, width)`.

        Towers that read canvases see the canvas itself; for other scorers the picture is played.
        """
        towers = [scorer for scorer in self.scorers if hasattr(scorer, "of_canvases")]
        if len(towers) < len(self.scorers) or self.pair.canvas_format != MINI_FORMAT:
            return [self._named(self.heard(one, 0).scores) for one in pictures]
        found: list[Candidate] = [{} for _ in pictures]
        for tower in towers:
            scores = tower.of_canvases(image_to_canvas(self._cropped(pictures)), self.prompts)
            for candidate, own in zip(found, scores, strict=True):
                candidate.update(self._named(own))
        return found

    def heard(self, picture: Tensor, seed: int) -> Sample:
        """Returns the sample of a picture `(3, height, width)`, played, and scored as saved."""
        no_latent = picture.new_zeros(0)
        shown = self._cropped(picture)
        made = finish_image(
            self.config, self.pair, self.prompts, seed, shown, no_latent, self.notes
        )
        return scored(as_saved(made), self.scorers)

    def ranked(self, candidates: Sequence[Candidate], beside: Sequence[str] = ()) -> list[int]:
        """Returns the indices of candidates, best first.

        Args:
            candidates: Each with the two scores.
            beside: Additional scores of equal weight.
        """
        scores = [[one[name] for one in candidates] for name in (*self.names, *beside)]
        found = places(*scores, rule=self.config.keep_rule)
        return sorted(range(len(found)), key=found.__getitem__)

    def best(
        self,
        seed: int,
        pictures: Tensor,
        latents: Tensor,
        finalists: Sequence[Candidate],
        candidates: Sequence[Candidate],
        beside: Sequence[str] = (),
    ) -> Sample:
        """Returns the best finalist by its sound, with the table of all candidates.

        Args:
            seed: Seed of the sample.
            pictures: Of the finalists, `(batch, 3, height, width)`.
            latents: Of the finalists, `(batch, channels, height, width)`.
            finalists: Their rows in the table.
            candidates: The table.
            beside: Additional scores of equal weight.
        """
        samples = [self.heard(picture, seed) for picture in pictures]
        heard = [
            {**row, **self._named(sample.scores)}
            for row, sample in zip(finalists, samples, strict=True)
        ]
        chosen = self.ranked(heard, beside)[0]
        for row in candidates:
            row["chosen"] = float(row is finalists[chosen])
        winner = samples[chosen]
        search = {**winner.record["search"], "candidates": len(candidates)}
        return dataclasses.replace(
            winner,
            latent=latents[chosen].float().cpu(),
            scores=(),
            record={**winner.record, "search": search},
            candidates=tuple(candidates),
        )

    def _cropped(self, pictures: Tensor) -> Tensor:
        return pictures[..., : pictures.shape[-1] - self.pair.crop_columns]

    def _named(self, scores: Iterable[Score]) -> Candidate:
        return {score.name: score.value for score in scores if score.name in self.names}


def noise_seeds(seed: int, count: int) -> list[int]:
    """Returns the seeds of a seed's tries: itself, then others below 2**31 derived from it."""
    texts = (f"{seed}/{number}".encode() for number in range(1, count))
    others = [int.from_bytes(hashlib.sha256(text).digest()[:4]) >> 1 for text in texts]
    return [seed, *others]
