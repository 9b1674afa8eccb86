"""A run of the tiny pair, and the bytes that it writes into a folder."""

from tiny import tiny_pair

from sonocanvas import RunConfig

PAIR = tiny_pair()


def config(**values):
    """Returns a run with four seeds and two steps, or with other values."""
    prompts = {"image_prompt": "a castle", "audio_prompt": "bells ringing"}
    sampling = {"steps": 2, "scheduler": "ddim"} | values.pop("sampling", {})
    given = {"seeds": [0, 1, 2, 7], "batch_size": 2, "sampling": sampling}
    given["vocoder"] = {"name": "griffin_lim"}  # the tiny pair has no vocoder
    return RunConfig(**(prompts | given | values))


def files(folder):
    """Returns the bytes of every file in a folder, by relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
