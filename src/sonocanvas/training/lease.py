"""A lease kit: trains the two diffusion models on a CUDA GPU that is available for minutes.

`python -m sonocanvas.training.lease --plan` collects in `packs/lease` the files that the GPU
machine lacks, and prints what is copied, the commands and their minutes. `--rehearse` runs the same
commands here at tiny size. No weights of the diffusion models are copied: they train from scratch.
"""

import argparse
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from sonocanvas.errors import InvalidInputError
from sonocanvas.pairs.mini import WEIGHTS

KIT = Path("packs/lease")
PACK = Path("packs/mini.zip")
LIMIT_MIB = 60.0
LEFT_BEHIND = ("src/sonocanvas/weights", "docs", "tests")
"""Tracked folders that no command reads; they are moved out of the tree before it is copied."""
WHEELS = (
    *("annotated_types", "cffi", "diffusers", "pycparser", "pydantic", "pydantic_core"),
    *("soundfile", "soxr", "typing_inspection"),
)
"""Imports of the commands that a machine with torch, transformers and scipy lacks."""
MACHINE = ("--python-version", "3.12", "--implementation", "cp", "--only-binary=:all:")
PLATFORMS = ("2_28", "2_27", "2_17", "2_5")


@dataclass(frozen=True)
class Step:
    """One program that runs on the GPU.

    Attributes:
        program: The program, with the options that apply at any size.
        full: Options on the GPU.
        tiny: Options of the rehearsal.
        makes: The option for its output, and the output's name in `$OUT`.
        minutes: Time on the GPU, including startup and compilation.
    """

    program: str
    full: str
    tiny: str
    makes: str
    minutes: float

    def line(self, tiny: bool) -> str:
        """Returns the command line, in which `$OUT` is the folder that is copied back."""
        option, name = self.makes.split()
        return f"{self.program} {self.tiny if tiny else self.full} {option} $OUT/{name}"


def trainer(modality: str, minutes: float) -> Step:
    """Returns the training of one model for some minutes, including compilation.

    Processes that synthesize sounds slow down training, so they end once every slot is full.
    """
    return Step(
        f"-m sonocanvas.training.unet --modality {modality} --muon"
        f" --pack {KIT}/mini.zip --towers {KIT} --vae {KIT}/vae",
        "--device cuda --batch 512 --slots 256 --workers 14 --rounds 32"
        f" --from-start --minutes {minutes:g}",
        "--batch 2 --slots 1 --rounds 1 --minutes 0.02",
        f"--out {modality}",
        minutes + 0.4,
    )


CALLS = (
    (trainer("image", 5.5),),
    (
        trainer("audio", 4.0),
        Step(
            "benchmarks/sd_size.py",
            "--batch 4 --settings eager channels-last attention-cudnn compile --batches",
            "--tiny --device cpu --steps 2 --settings eager --batches",
            "--json sd_size.json",
            1.5,
        ),
        Step(
            "benchmarks/memory.py", "--device cuda", "--tiny --batches 1", "--json memory.json", 0.5
        ),
    ),
)
"""The programs of two calls; between them the picture model is judged here."""
START = (
    "python3 -m pip install -q --no-index --no-deps --no-compile --target /tmp/site"
    f" {KIT}/wheels/*.whl; export PYTHONPATH=/tmp/site:src PYTHONUNBUFFERED=1 PYTHONWARNINGS=ignore"
)
END = "rm -f $OUT/*/checkpoint.pt"
"""Deletes the checkpoints, which are too large to copy back. A model, its sheet and its log are six
files; at most eight are allowed."""


def gather(kit: Path, pack: Path) -> None:
    """Copies the pack, the model parts that training needs and the missing wheels into a folder.

    Raises:
        InvalidInputError: The pack has not been made.
    """
    if not pack.is_file():
        raise InvalidInputError(f"There is no {pack}: python -m sonocanvas.training.pack makes it.")
    kit.mkdir(parents=True, exist_ok=True)
    shutil.copy(pack, kit / "mini.zip")
    for part in ("vae", "text_encoder", "tokenizer"):
        shutil.copytree(WEIGHTS / part, kit / part, dirs_exist_ok=True)
    wheels = kit / "wheels"
    have = {path.name.split("-")[0].lower() for path in wheels.glob("*.whl")}
    missing = [name for name in WHEELS if name not in have]
    if missing:
        platforms = [
            word for one in PLATFORMS for word in ("--platform", f"manylinux_{one}_x86_64")
        ]
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-c", "constraints.txt"]
        subprocess.run([*pip, "-d", str(wheels), *MACHINE, *platforms, *missing], check=True)


def sizes_mib(kit: Path) -> dict[str, float]:
    """Returns the MiB of everything to copy: the tracked files that are read, and the kit."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True)
    tracked = [Path(name) for name in listed.stdout.split("\0") if name]
    code = [
        path for path in tracked if path.is_file() and not path.as_posix().startswith(LEFT_BEHIND)
    ]
    sizes = {"tracked files": sum(path.stat().st_size for path in code)}
    for part in sorted(kit.iterdir()):
        files = [part] if part.is_file() else [path for path in part.rglob("*") if path.is_file()]
        sizes[str(part)] = sum(path.stat().st_size for path in files)
    return {name: size / 2**20 for name, size in sizes.items()}


def print_plan(sizes: dict[str, float]) -> None:
    """Prints what is copied and what runs.

    Raises:
        InvalidInputError: The files to copy are larger than allowed.
    """
    print(f"Without {', '.join(LEFT_BEHIND)}: move them out of the tree, and back afterwards.")
    for name, size in sizes.items():
        print(f"{size:7.1f} MiB  {name}")
    total = sum(sizes.values())
    print(f"{total:7.1f} MiB  of {LIMIT_MIB:g}")
    for number, steps in enumerate(CALLS, 1):
        minutes = sum(step.minutes for step in steps)
        print(f"\nCall {number}, {minutes:.1f} min:\n{START}")
        for step in steps:
            print(f"python3 {step.line(tiny=False)}   # {step.minutes:.1f} min")
        print(END)
    if total > LIMIT_MIB:
        raise InvalidInputError(f"{total:.1f} MiB would travel; the limit is {LIMIT_MIB:g} MiB.")


def rehearse(out: Path) -> None:
    """Runs all commands here in sequence, at tiny size, until one fails."""
    out.mkdir(parents=True, exist_ok=True)
    for step in (step for steps in CALLS for step in steps):
        line = step.line(tiny=True)
        print(line, flush=True)
        words = [word.replace("$OUT", str(out)) for word in line.split()]
        began = time.monotonic()
        subprocess.run([sys.executable, *words], check=True)
        print(f"{time.monotonic() - began:.0f} s", flush=True)


def main() -> None:
    """Prints the plan or rehearses it."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--plan", action="store_true", help="gather the kit and say what to run")
    what.add_argument("--rehearse", action="store_true", help="run the same here, at tiny size")
    parser.add_argument("--out", type=Path, default=Path("runs/rehearsal"))
    arguments = parser.parse_args()
    gather(KIT, PACK)
    if arguments.plan:
        print_plan(sizes_mib(KIT))
    else:
        rehearse(arguments.out)


if __name__ == "__main__":
    main()
