"""The whole road of an image: bucket, queue, function, record, and its copies in the results bucket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import pictures
from support.camera_data import ORIENTATION, SECRETS, adobe_rgb, exif, phone, short, with_exif
from support.events import event
from support.local_cloud import LocalCloud, wait_for
from support.office import Office
from unit.pipelines.images.processing import decoded, near

LARGE = ["1024", "512", "128", "64"]


@pytest.fixture(scope="module")
def images(cloud: LocalCloud) -> Office:
    """Somebody who uploads images."""
    return Office(cloud, "ImagesBucket")


def _outputs(office: Office, record: dict[str, Any]) -> dict[str, Any]:
    """Bound → the image in the results bucket, which must be what the record says of it."""
    found = {}
    for artifact in record["artifacts"]:
        answer = office.s3.get_object(Bucket=artifact["bucket"], Key=artifact["key"])
        body = answer["Body"].read()
        assert (len(body), answer["ContentType"]) == (artifact["size"], artifact["mediaType"])
        assert not [secret for secret in SECRETS if secret in body]
        image = decoded(artifact["name"], body)
        assert (image.width, image.height) == (artifact["width"], artifact["height"])
        bound = artifact["name"].partition(".")[0]
        kind = "thumbnails" if bound == "64" else "resized-images"
        assert artifact["key"].startswith(f"{kind}/{record['FileId']}/")
        assert max(image.width, image.height) <= int(bound)
        found[bound] = image
    assert sorted(office.artifacts(record["FileId"])) == sorted(artifact["key"] for artifact in record["artifacts"])
    return found


def _turned(orientation: int) -> bytes:
    """A photo, upright as stored, that EXIF says to turn."""
    return with_exif(pictures.jpeg(pictures.quarters(1600, 1200)), exif({ORIENTATION: short(orientation)}))


_QUARTERS = pictures.quarters(1600, 1200)
_DEEP = (_QUARTERS.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
_GOOD: dict[str, Callable[[], bytes]] = {
    "photo.jpg": lambda: pictures.jpeg(_QUARTERS),
    "progressive.jpg": lambda: pictures.jpeg(_QUARTERS, interlace=True),
    "drawing.png": lambda: pictures.png(_QUARTERS),
    "alpha.png": lambda: pictures.png(pictures.with_alpha(_QUARTERS)),
    "deep.png": lambda: pictures.png(_DEEP),
    "deep.tif": lambda: pictures.tiff(_DEEP),
    "web.webp": lambda: pictures.webp(_QUARTERS),
    "moving.gif": lambda: pictures.animated(pictures.gif, _QUARTERS, 3),
    "moving.webp": lambda: pictures.animated(pictures.webp, _QUARTERS, 3),
    "scan.tiff": lambda: pictures.tiff(_QUARTERS),
    "new.avif": lambda: pictures.avif(_QUARTERS),
}


@pytest.mark.parametrize("name", _GOOD)
def test_every_format_gets_every_size(images: Office, name: str) -> None:
    """SUCCEEDED at once, and what lies in the results bucket is the picture at four sizes."""
    record = images.process(f"formats/{name}", _GOOD[name](), Metadata={"user": "maria"})
    assert (record["status"], record["attempts"], record["uploadedBy"]) == ("SUCCEEDED", 1, "maria")
    assert (record["pipeline"], record["error"]) == ("images", None)
    outputs = _outputs(images, record)
    assert {bound: (image.width, image.height) for bound, image in outputs.items()} == {
        "1024": (1024, 768),
        "512": (512, 384),
        "128": (128, 96),
        "64": (64, 48),
    }
    colours = pictures.CORNERS if name != "alpha.png" else ((*pictures.CORNERS[0], 255), (*pictures.CORNERS[2], 255))
    shown = pictures.corners(outputs["512"])
    shown = shown[::2] if name == "alpha.png" else tuple(corner[:3] for corner in shown)
    assert near(shown, colours, tolerance=12)
    metadata = record["metadata"]
    assert (metadata["width"], metadata["height"], metadata["format"]) == (1600, 1200, _format_of(name))
    assert metadata["frames"] == (3 if "moving" in name else 1)
    assert metadata["sizes"] == ["1024x768", "512x384", "128x96", "64x48"]


def _format_of(name: str) -> str:
    """The format that a name promises."""
    suffix = name.rpartition(".")[2]
    return {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix)


@pytest.mark.parametrize("save", [pictures.jpeg, pictures.tiff], ids=["jpeg", "tiff"])
def test_cmyk(images: Office, save: Callable[..., bytes]) -> None:
    """A printer's file becomes one that browsers show."""
    record = images.process(f"cmyk-{save.__name__}", save(pictures.cmyk(_QUARTERS)))
    assert (record["status"], record["metadata"]["colourSpace"]) == ("SUCCEEDED", "cmyk")
    assert {image.bands for image in _outputs(images, record).values()} == {3}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation(images: Office, orientation: int) -> None:
    """Turned as EXIF says: the corners of what is written are where a viewer of the original shows them."""
    # Where the stored corners 0 1 / 2 3 are shown (Exif 3.0, 4.6.5.1.6).
    shown = {1: "0123", 2: "1032", 3: "3210", 4: "2301", 5: "0213", 6: "2031", 7: "3120", 8: "1302"}[orientation]
    record = images.process(f"turned-{orientation}.jpg", _turned(orientation))
    expected = [pictures.CORNERS[int(corner)] for corner in shown]
    outputs = _outputs(images, record)
    assert list(outputs) == LARGE
    for image in outputs.values():
        assert near(pictures.corners(image), expected)
        assert (image.width > image.height) is (orientation < 5)


def test_a_telephones_photos(images: Office) -> None:
    """A JPEG upside down and a HEIC on its side, with place and serial numbers: upright, and nothing of it told."""
    upside_down = with_exif(pictures.jpeg(_QUARTERS.rot180()), phone(orientation=3))
    for key, content, camera in (
        ("IMG_1.JPG", upside_down, "Canon EOS R6"),
        ("IMG_2.HEIC", pictures.HEIC, "Apple iPhone 15"),
    ):
        record = images.process(key, content)
        assert (record["status"], record["metadata"]["camera"]) == ("SUCCEEDED", camera)
        assert near(pictures.corners(_outputs(images, record)["512"]), pictures.CORNERS, tolerance=60)
        assert "gps" not in record["metadata"]
        assert not [secret for secret in SECRETS if secret.decode() in str(record)]


def test_a_profile_is_converted(images: Office) -> None:
    """Adobe RGB's numbers become sRGB's."""
    image = pictures.labelled(pictures.flat(200, 100, (100, 150, 200)), icc_profile_data=adobe_rgb())
    record = images.process("adobe.png", pictures.png(image))
    assert near(_outputs(images, record)["1024"].getpoint(5, 5), (65, 151, 202), tolerance=2)


@pytest.mark.parametrize(
    ("width", "height", "largest", "count"), [(1, 1, (1, 1), 3), (20_000, 10, (1024, 1), 4), (10, 20_000, (1, 1024), 4)]
)
def test_extreme_shapes(images: Office, width: int, height: int, largest: tuple[int, int], count: int) -> None:
    """A single point and long lines have all their sizes, none of them empty or enlarged."""
    record = images.process(f"{width}x{height}.png", pictures.png(pictures.flat(width, height)))
    outputs = _outputs(images, record)
    assert (outputs["1024"].width, outputs["1024"].height, len(outputs)) == (*largest, count)


@pytest.mark.parametrize(
    ("key", "body", "code", "told"),
    [
        ("notes.jpg", b"only text\n" * 500, "not-an-image", "--pipeline files"),
        ("scan.pdf", b"%PDF-1.7\n" + bytes(500), "not-an-image", "a PDF"),
        ("photos.zip", b"PK\x03\x04" + bytes(500), "not-an-image", "a ZIP archive"),
        ("empty.png", b"", "empty-file", "0 bytes"),
        ("logo.svg", pictures.svg(64, 64), "format-switched-off", "ImageFormats"),
    ],
)
def test_what_is_no_image(images: Office, key: str, body: bytes, code: str, told: str) -> None:
    """FAILED at the first attempt, with where it belongs; the file itself stays."""
    record = images.process(f"strangers/{key}", body)
    assert (record["status"], record["error"]["code"], record["attempts"]) == ("FAILED", code, 1)
    assert told in record["error"]["message"]
    assert record["artifacts"] == images.artifacts(record["FileId"]) == []
    assert images.s3.get_object(Bucket=images.bucket, Key=f"strangers/{key}")["Body"].read() == body


@pytest.mark.parametrize("name", ["photo.jpg", "drawing.png", "web.webp", "moving.gif", "scan.tiff", "new.avif"])
def test_a_truncated_image(images: Office, name: str) -> None:
    """FAILED with a reason, never SUCCEEDED with a grey half."""
    content = _GOOD[name]()
    record = images.process(f"truncated/{name}", content[: len(content) // 4])
    assert (record["status"], record["error"]["code"], record["attempts"]) == ("FAILED", "image-damaged", 1)
    assert images.artifacts(record["FileId"]) == []


def _nameless_heic() -> bytes:
    """One that makes pi-heif 1.4.0 end the whole process."""
    return pictures.HEIC.replace(b"Exif\0", b"\xc5xif\0", 1)


def test_bombs_never_take_the_function_down(images: Office) -> None:
    """All at once, between good images: each bomb ends FAILED at its first attempt, each image SUCCEEDED at its own."""
    bombs = {
        "bombs/a.png": pictures.png_that_claims(60_000, 60_000),
        "bombs/b.jpg": pictures.jpeg_that_claims(65_000, 65_000),
        "bombs/c.jpg": pictures.jpeg_that_claims(8_000, 6_250, interlace=True),
        "bombs/d.gif": pictures.gif_that_claims(60_000, 60_000),
        "bombs/e.webp": pictures.webp_that_claims(16_000, 16_000),
        "bombs/f.heic": _nameless_heic(),
        "bombs/g.tif": pictures.tiff_of_one_strip(9_000, 5_000),
    }
    assert bombs["bombs/f.heic"] != pictures.HEIC
    good = {f"bombs/good-{number}.jpg": pictures.jpeg(pictures.photo(1200, 900, number)) for number in range(10)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: images.upload(*item), [*bombs.items(), *good.items()]))
    for key in bombs:
        record = images.ended(key)
        assert (record["status"], record["attempts"]) == ("FAILED", 1), record
        assert record["error"]["code"] == ("image-damaged" if key == "bombs/f.heic" else "image-too-large")
        assert images.artifacts(record["FileId"]) == []
    for key in good:
        assert (images.ended(key)["status"], images.ended(key)["attempts"]) == ("SUCCEEDED", 1)
    assert images.process("bombs/after.jpg", pictures.sample("jpeg"))["status"] == "SUCCEEDED"


def _instances(cloud: LocalCloud) -> dict[int, float]:
    """Processes of functions that have decoded an image (they hold libvips) → seconds that they computed."""
    found = {}
    for pid in cloud.status()["pids"][1:]:
        maps = Path(f"/proc/{pid}/maps")
        if maps.exists() and "libvips" in maps.read_text(encoding="utf-8"):
            found[pid] = psutil.Process(pid).cpu_times().user
    return found


def test_100_photos_at_once(images: Office) -> None:
    """Several instances of the function share them: all SUCCEEDED, none lost, none twice, and the list shows sizes."""
    bodies = [pictures.jpeg(pictures.photo(1600, 1200, seed)) for seed in range(10)]
    before = _instances(images.cloud)
    keys = [f"album/{number:03d}.jpg" for number in range(100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: images.upload(keys[number], bodies[number % 10]), range(100)))
    records = [images.ended(key, seconds=150) for key in keys]
    assert {(record["status"], record["attempts"]) for record in records} == {("SUCCEEDED", 1)}
    at_work = [pid for pid, spent in _instances(images.cloud).items() if spent - before.get(pid, 0) > 0.2]
    assert len(at_work) > 1
    assert len({record["FileId"] for record in records}) == 100
    items = [item for item in images.table.scan(["FileId", "key", "Epoch"]) if item["key"].startswith("album/")]
    assert (len(items), {item["Epoch"] for item in items}) == (100, {1})
    for record in records:
        assert [artifact["name"] for artifact in record["artifacts"]] == [f"{bound}.jpg" for bound in LARGE]
        assert len(images.artifacts(record["FileId"])) == 4
    hashes = [record["metadata"]["perceptualHash"] for record in records]
    assert hashes == hashes[:10] * 10
    assert len(set(hashes)) == 10
    listed = images.cloud.remessa("ls", "--limit", "100")
    assert listed.stdout.count("1600×1200 → 1024, 512, 128, 64") == 100


def test_overwritten_image(images: Office) -> None:
    """The record names the new copies alone, and garbage collection takes the old ones."""
    first = images.process("again.png", pictures.png(pictures.quarters(1600, 1200)))
    second = images.process("again.png", pictures.png(pictures.quarters(600, 400)))
    assert first["FileId"] == second["FileId"]
    assert second["metadata"]["sizes"] == ["600x400", "512x341", "128x85"]
    old, new = ({artifact["key"] for artifact in record["artifacts"]} for record in (first, second))
    assert (len(old), len(new), old & new) == (4, 3, set())
    assert set(images.artifacts(second["FileId"])) == old | new
    time.sleep(1.1)  # S3 tells an artifact's time in whole seconds
    collected = images.cloud.remessa("gc", "--grace", "0", "--json")
    assert collected.returncode == 0, collected.stderr
    assert set(images.artifacts(second["FileId"])) == new


def test_deleted_image(images: Office) -> None:
    """The record stays as DELETED, and the copies go from every folder."""
    record = images.process("short-lived.jpg", pictures.jpeg(_QUARTERS))
    assert {key.partition("/")[0] for key in images.artifacts(record["FileId"])} == {"resized-images", "thumbnails"}
    images.s3.delete_object(Bucket=images.bucket, Key="short-lived.jpg")
    deleted = images.wait_deleted("short-lived.jpg")
    assert (deleted["artifacts"], deleted["metadata"]) == ([], {})
    wait_for(lambda: not images.artifacts(record["FileId"]))


def test_duplicate_event_is_dropped(images: Office) -> None:
    """The queue may deliver twice: nothing is done, and nothing changes."""
    record = images.process("twice.jpg", pictures.sample("jpeg"))
    item = images.table.get(record["FileId"])
    assert item is not None
    copy = event("s3-put")
    copy["Records"][0]["s3"]["bucket"]["name"] = images.bucket
    copy["Records"][0]["s3"]["object"] |= {"key": "twice.jpg", "sequencer": item["Sequencer"]}
    sqs = images.connection.client("sqs")
    sqs.send_message(QueueUrl=images.connection.outputs["ImagesQueue"], MessageBody=json.dumps(copy))

    def outcomes() -> list[str]:
        lines = json.loads(images.cloud.remessa("logs", record["FileId"], "--json").stdout)
        return [line["outcome"] for line in lines]

    wait_for(lambda: len(outcomes()) == 2)
    assert outcomes() == ["succeeded", "dropped"]
    assert images.table.get(record["FileId"]) == item
