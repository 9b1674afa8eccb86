"""The page over HTTP: its interface, and what it does not expose."""

import concurrent.futures
import json
import re
import urllib.error
import urllib.request

import pytest
from gradio.utils import get_upload_folder
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from tiny_asked import QUICK

from sonocanvas.web.app import flattened, made_of, shown

pytestmark = pytest.mark.filterwarnings("ignore")  # Gradio's own warnings


def get(address):
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


@pytest.fixture
def client(address):
    return Client(address, verbose=False)


def test_a_canvas_is_made_through_the_documented_interface(client, studio, address):
    made = client.predict(**QUICK, seed=3, tries=2, api_name="/make")
    (name,) = studio.runs()
    assert made["name"] == name
    assert f"/runs/{name}/0003/audio.wav" in made["files"]
    assert {get(address + file)[0] for file in made["files"]} == {200}
    assert "0003/canvas.png" in get(f"{address}/runs/{name}/index.html")[1]
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/make"]


def test_an_own_picture_is_sent_and_kept(client, studio, tmp_path):
    Image.radial_gradient("L").save(tmp_path / "a.png")
    client.predict(**QUICK, image_file=handle_file(tmp_path / "a.png"), api_name="/make")
    (kept,) = (studio.root / "uploads").iterdir()
    assert kept.read_bytes() == (tmp_path / "a.png").read_bytes()


def test_what_is_wrong_is_one_sentence(client, studio):
    with pytest.raises(AppError, match=r"is from 0 to 9 s, but the canvas lasts 0\.26 s"):
        client.predict(**QUICK, layers="sound rain 0-9s", api_name="/make")
    assert studio.runs() == []


def test_what_a_visitor_wrote_is_text_on_the_page(studio):
    *_, last = made_of(studio, str, QUICK | {"layers": "sound <b>rain 0-9s"})
    assert "&lt;b&gt;rain" in last[1]
    assert "<b>" not in last[1]


def test_nothing_outside_the_runs_is_served(client, studio, address, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    client.predict(**QUICK, api_name="/make")
    (studio.root / "link.txt").symlink_to(tmp_path / "secret.txt")
    secret = tmp_path / "secret.txt"
    for path in (
        "/runs/../secret.txt",
        "/runs/%2e%2e/secret.txt",
        "/runs/..%2fsecret.txt",
        "/runs//" + str(secret),
        "/runs/link.txt",
        f"/gradio_api/file={secret}",
        f"/file={secret}",
        "/gradio_api/file=/etc/passwd",
    ):
        status, text = get(address + path)
        assert status != 200 or "secret" not in text, path
        assert "root:" not in text, path


def post(address, data):
    """Returns the status and the body of a raw call."""
    body = data if isinstance(data, bytes) else json.dumps({"data": data}).encode()
    call = urllib.request.Request(
        f"{address}/gradio_api/call/make", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(call, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_path_or_address_that_a_client_names_is_not_opened(address, studio, tmp_path):
    Image.radial_gradient("L").save(tmp_path / "mine.png")
    inside = f"{get_upload_folder()}/../../etc/passwd"
    for path in (tmp_path / "mine.png", "/etc/passwd", inside, "http://localhost:1/a.png", 3, None):
        named = {"path": None if path is None else str(path), "meta": {"_type": "gradio.FileData"}}
        assert post(address, ["a castle", "rain"] + [0] * 10 + [named]) == (
            403,
            "Only uploaded files can be read.",
        )
    assert not (studio.root / "uploads").exists()
    assert studio.runs() == []


def test_a_request_that_is_too_large_or_no_json_is_refused(address):
    assert post(address, b"[" * 9 * 2**20)[0] == 413
    assert post(address, b"[" * 100_000)[0] >= 400
    assert post(address, [])[0] in (200, 422)


def test_a_hundred_requests_at_once_are_answered(address):
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(get, [f"{address}/config"] * 100))
    assert {status for status, _ in answers} == {200}


def test_no_script_font_or_style_comes_from_elsewhere(address):
    _, page = get(address)
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"([^\"]+)\"", page)
    assert loaded
    assert [one for one in loaded if re.match(r"(https?:)?//", one) and address not in one] == []


def test_a_name_cannot_leave_its_frame(studio):
    page = shown(studio, "", '"><script>alert(1)</script>/../..')
    assert "<script" not in page
    assert page.count('"') == shown(studio, "", "a").count('"')


def test_a_drawing_stands_on_black():
    layer = Image.new("RGBA", (8, 4))
    assert flattened(None) is None
    assert flattened({"composite": layer}) is None
    layer.putpixel((2, 1), (255, 255, 255, 255))
    picture = flattened({"composite": layer})
    assert (picture.getpixel((2, 1)), picture.getpixel((0, 0))) == (255, 0)
