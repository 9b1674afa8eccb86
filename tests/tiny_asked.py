"""What a visitor of the studio and a user of the command line ask for, quickly made."""

QUICK = {
    "image_prompt": "a castle",
    "audio_prompt": "bells ringing",
    "steps": 3,
    "vocoder": "griffin_lim",
}

PROMPTS = ("--image", "a castle", "--audio", "bells ringing")
QUICKLY = (*PROMPTS, "--steps", "1", "--set", "sampling.scheduler=ddim")
"""The same on the command line."""
