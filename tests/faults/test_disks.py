"""Full and read-only disks, vanishing folders, two processes, odd environments.

`pytest -m slow tests/faults/test_disks.py -s`; tests that mount a small disk need root on Linux.
"""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from test_generate import config, files
from tiny import tiny_pair

from sonocanvas import generate
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import load_sample
from sonocanvas.files.writing import only_writer
from sonocanvas.pairs.folder import save_folder
from sonocanvas.show.gallery import write_gallery

PAIR = tiny_pair()
RUN = config(seeds=range(3), batch_size=1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Returns the files of the run and its page, made on a disk with enough space."""
    out = tmp_path_factory.mktemp("whole") / "run"
    generate(RUN, out, pair=PAIR)
    write_gallery(out)
    return files(out)


@pytest.fixture
def disk(tmp_path):
    """Returns a function that remounts a small disk with other options and returns its path."""
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("only root mounts a disk")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")

    def change(options):
        command = ["mount", "-o", f"remount,{options}", str(place)]
        subprocess.run(command, check=True, capture_output=True)
        return place

    yield change
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
def test_a_disk_that_is_full_at_every_write_in_turn_loses_nothing(disk, whole):
    needed = sum(len(content) // 4096 + 1 for content in whole.values()) * 4 + 64
    told = 0
    for size_kib in range(8, needed + 8, 4):
        place = disk(f"size={size_kib}k")
        out = place / "run"
        error = None
        try:
            generate(RUN, out, pair=PAIR)
            write_gallery(out)
        except InvalidInputError as full:
            error = full
        if error is None:
            break
        told += 1
        assert "No space left on device" in str(error)
        for described in out.rglob("sample.json") if out.exists() else ():
            if ".partial" not in str(described):
                load_sample(described.parent)
    assert files(out) == whole
    print(f"\n{told} sizes of a disk that was full, each one sentence; then the undisturbed folder")
    assert told > 20


def test_a_disk_that_is_read_only_is_one_sentence(disk):
    out = disk("ro") / "run"
    with pytest.raises(InvalidInputError, match=r"Cannot write|read-only"):
        generate(RUN, out, pair=PAIR)


def test_a_folder_that_is_deleted_in_the_middle_is_one_sentence_or_made_again(tmp_path):
    out = tmp_path / "run"

    def delete(sample):
        if sample.seed == 1:
            shutil.rmtree(out)

    with pytest.raises(InvalidInputError, match="run"):
        generate(RUN, out, pair=PAIR, on_sample=delete)
    again = generate(RUN, out, pair=PAIR)
    assert [sample.seed for sample in again] == [0, 1, 2]


def test_the_second_process_on_a_folder_is_told(tmp_path):
    out = tmp_path / "run"
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from sonocanvas.files.writing import only_writer\n"
        f"with only_writer(Path({str(out)!r})):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    first = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(InvalidInputError, match="Another process is writing into"):
            generate(RUN, out, pair=PAIR)
    finally:
        first.kill()
        first.wait()
        first.stdout.close()
    assert len(generate(RUN, out, pair=PAIR)) == 3  # a killed process holds no lock
    assert not (out / ".lock").exists()


def test_one_process_does_not_write_twice_at_once(tmp_path):
    with (
        only_writer(tmp_path / "run"),
        pytest.raises(InvalidInputError, match="Another process is writing into"),
        only_writer(tmp_path / "run"),
    ):
        pytest.fail("it was held twice")
    assert not (tmp_path / "run").exists()


def test_a_lock_that_is_a_link_is_refused_and_its_target_stays(tmp_path):
    (tmp_path / "target").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "target")
    with pytest.raises(InvalidInputError, match="leads out of"), only_writer(tmp_path / "run"):
        pytest.fail("it was held")
    assert (tmp_path / "target").read_text() == "mine"


def test_a_clock_that_goes_back_changes_nothing(tmp_path, whole, monkeypatch):
    now_s = [2e9]

    def back():
        now_s[0] -= 3600
        return now_s[0]

    for name in ("time", "perf_counter"):
        monkeypatch.setattr(f"time.{name}", back)
    generate(RUN, tmp_path / "run", pair=PAIR)
    made = files(tmp_path / "run")
    assert made == {name: content for name, content in whole.items() if name != "index.html"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "environment", "name"),
    [
        ("no HOME", {"HOME": None}, b"run"),
        ("locale C", {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}, "château".encode()),
        ("a name that is not UTF-8", {}, b"ch\xe2teau"),
    ],
)
def test_an_odd_environment_makes_the_same_run(what, environment, name, tmp_path):
    save_folder(PAIR, tmp_path / "pair")
    run = RUN.model_copy(update={"pair": f"local:{tmp_path / 'pair'}"})
    generate(run, tmp_path / "whole")
    whole = files(tmp_path / "whole")
    out = os.path.join(os.fsencode(tmp_path), name)
    words = ["--image", "a castle", "--audio", "bells ringing", "--steps", "2", "--seeds", "0-2"]
    words += ["--pair", f"local:{tmp_path / 'pair'}", "--set", "sampling.scheduler=ddim"]
    words += ["--set", "batch_size=1", "--set", "vocoder=griffin_lim", "--out", out]
    given = {key: value for key, value in {**os.environ, **environment}.items() if value}
    ran = subprocess.run(
        [sys.executable, "-m", "sonocanvas", "generate", *words], env=given, capture_output=True
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    made = {
        os.fsdecode(path): (Path(os.fsdecode(out)) / path).read_bytes()
        for path in ("0000/canvas.png", "0001/audio.wav", "0002/latent.safetensors")
    }
    assert all(len(content) > 100 for content in made.values())
    assert made["0002/latent.safetensors"] == whole["0002/latent.safetensors"]


def test_two_threads_of_one_process_write_into_two_folders(tmp_path):
    failed, pairs = [], [tiny_pair(), tiny_pair()]

    def make(number):
        try:
            generate(RUN, tmp_path / str(number), pair=pairs[number])
        except InvalidInputError as error:
            failed.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert files(tmp_path / "0") == files(tmp_path / "1")
