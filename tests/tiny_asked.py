"""A quick request, as made in the studio and on the command line."""

QUICK = {
    "image_prompt": "a castle",
    "audio_prompt": "bells ringing",
    "steps": 3,
    "vocoder": "griffin_lim",
}

PROMPTS = ("--image", "a castle", "--audio", "bells ringing")
QUICKLY = (*PROMPTS, "--steps", "1", "--set", "sampling.scheduler=ddim")
"""A quick request on the command line."""
