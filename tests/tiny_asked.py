"""What a visitor of the studio asks for, quickly made."""

QUICK = {
    "image_prompt": "a castle",
    "audio_prompt": "bells ringing",
    "steps": 3,
    "vocoder": "griffin_lim",
}
