"""A run folder in an S3 store: samples are added there, and a stopped run resumes from there."""

import re

import pytest
from moto.server import ThreadedMotoServer
from tiny import tiny_pair
from tiny_run import config, files
from tiny_sample import make_sample

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import save_sample
from sonocanvas.files.remote import RemoteFolder, is_remote, working_copy
from sonocanvas.generate import generate

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def store():
    """Returns a client of a local server with a bucket `art`."""
    import boto3

    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = boto3.client("s3")
        client.create_bucket(Bucket="art")
        yield client
    server.stop()


def names(store, prefix):
    found = store.list_objects_v2(Bucket="art", Prefix=prefix).get("Contents", [])
    return [one["Key"].removeprefix(prefix) for one in found]


def test_a_run_that_was_stopped_goes_on_from_the_store(store, tmp_path):
    generate(config(), tmp_path / "here", pair=tiny_pair())

    def make(stop_after):
        made = []

        def on_sample(sample):
            copy.send()
            made.append(sample)
            if len(made) == stop_after:
                raise KeyboardInterrupt

        with working_copy("s3://art/run") as copy:
            generate(config(), copy.local, pair=tiny_pair(), on_sample=on_sample)

    with pytest.raises(KeyboardInterrupt):
        make(stop_after=1)
    assert "0000/sample.json" in names(store, "run/")
    assert "0007/sample.json" not in names(store, "run/")
    make(stop_after=None)
    with working_copy("s3://art/run") as copy:
        assert files(copy.local) == files(tmp_path / "here")


def test_a_sample_that_is_not_whole_is_not_taken_and_is_replaced(store, tmp_path):
    save_sample(make_sample(3), tmp_path)
    for name in ("canvas.png", "audio.wav"):
        store.put_object(Bucket="art", Key=f"torn/0003/{name}", Body=b"half")
    with working_copy("s3://art/torn") as copy:
        assert not copy.local.exists()
        save_sample(make_sample(3), copy.local)
    with working_copy("s3://art/torn") as copy:
        assert files(copy.local) == files(tmp_path)


def test_only_what_changed_is_sent_and_what_is_gone_goes(store, tmp_path):
    folder = RemoteFolder("s3://art/sent", tmp_path / "sent")
    (tmp_path / "sent").mkdir()
    for name in ("run.toml", "preview.png", ".lock", "index.html.partial"):
        (tmp_path / "sent" / name).write_text(name)
    folder.send()
    assert names(store, "sent/") == ["preview.png", "run.toml"]
    store.put_object(Bucket="art", Key="sent/run.toml", Body=b"as it is there")
    (tmp_path / "sent" / "preview.png").unlink()
    folder.send()
    assert names(store, "sent/") == ["run.toml"]
    body = store.get_object(Bucket="art", Key="sent/run.toml")["Body"].read()
    assert body == b"as it is there"


def test_a_name_that_leaves_the_folder_is_refused(tmp_path):
    folder = RemoteFolder("memory://out", tmp_path / "copy")
    with pytest.raises(InvalidInputError, match=r"holds '\.\./\.\./evil', which leads out"):
        folder._inside("../../evil")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "s3://nowhere/run",
            "Cannot read 's3://nowhere/run': The specified bucket does not exist.",
        ),
        ("nfs7://art/run", "Cannot use 'nfs7://art/run': Protocol not known: nfs7."),
    ],
)
def test_a_store_that_cannot_be_used_is_one_sentence(store, url, message):
    with (
        pytest.raises(InvalidInputError, match=re.escape(message)),
        working_copy(url),
    ):
        pytest.fail("it was used")


def test_errors_name_the_store_and_not_the_copy(store):
    with working_copy("s3://art/mine") as copy:
        generate(config(), copy.local, pair=tiny_pair())
    other = config(seeds=[5])
    with (
        pytest.raises(InvalidInputError, match="'s3://art/mine' holds another run: seeds is"),
        working_copy("s3://art/mine") as copy,
    ):
        generate(other, copy.local, pair=tiny_pair())


def test_a_folder_here_is_not_in_a_store():
    assert is_remote("s3://art/run")
    assert not is_remote("runs/owl")
