"""Makes of an image its smaller copies and tells what it shows: one read, one decode, each size from the one before."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO

from remessa.errors import Rejected
from remessa.pipelines.contract import Artifact, Metadata, Outcome, Problem, Source
from remessa.pipelines.images.decoding import decode
from remessa.pipelines.images.exif import read_exif
from remessa.pipelines.images.formats import FORMATS, HEAD, ImageFormat, recognised
from remessa.pipelines.images.header import Header, guard, read_header
from remessa.pipelines.images.outputs import MEDIA_TYPES, encode, output_suffix, prepared, scaled
from remessa.pipelines.images.sizes import Size, plan
from remessa.pipelines.images.strangers import check_name, refuse_what_is_no_image
from remessa.pipelines.images.traits import traits
from remessa.settings import ImageSettings


class ImageProcessor:
    """The pipeline's `process`, for certain settings."""

    def __init__(self, settings: ImageSettings) -> None:
        """Raises ValueError for a format that nobody knows."""
        unknown = set(settings.formats) - {format_.name for format_ in FORMATS}
        if unknown:
            raise ValueError(f"IMAGE_FORMATS names what is no format: {', '.join(sorted(unknown))}")
        self._settings = settings

    def __call__(self, source: Source) -> Outcome:
        """Make every output of one image.

        Raises `Rejected` for what is no image, is damaged, is too large, or is of a format that is switched off.
        """
        with source.open() as stream:
            format_, head = self._admitted(source, stream)
            data = _read(stream, head, source.size)
        header = read_header(format_, data)
        metadata = {"sha256": hashlib.sha256(data).hexdigest()} | _described(header)
        try:
            guard(header, self._settings)
            artifacts, found, problems = self._make(header)
        except Rejected as refusal:
            refusal.media_type, refusal.metadata = format_.media_type, metadata | refusal.metadata
            raise
        problems = [*check_name(source.name, format_), *problems]
        return Outcome(format_.media_type, metadata | found, artifacts, problems, len(problems))

    def _admitted(self, source: Source, stream: BinaryIO) -> tuple[ImageFormat, bytes]:
        """The format by the first bytes; raises `Rejected` before more is read than they."""
        head = _head(stream)
        format_ = recognised(head)
        if format_ is None:
            raise refuse_what_is_no_image(source.name, head)
        if format_.name not in self._settings.formats:
            message = f"{format_.name.upper()} images are switched off here. Save it as PNG or JPEG and upload that, \
or have {format_.name!r} added to the parameter ImageFormats."
            raise Rejected("format-switched-off", message, media_type=format_.media_type)
        if source.size > self._settings.max_bytes:
            message = (
                f"The image has {source.size / 1e6:,.0f} MB; {self._settings.max_bytes / 1e6:,.0f} MB is the most. \
Save it smaller and upload it again."
            )
            raise Rejected("image-too-large", message, media_type=format_.media_type)
        return format_, head

    def _make(self, header: Header) -> tuple[list[Artifact], Metadata, list[Problem]]:
        sizes = plan(*header.shown, self._settings)
        image, problems = decode(header, sizes[0].width, sizes[0].height)
        suffix = output_suffix(header.format, self._settings, has_alpha=image.hasalpha())
        image = prepared(image, suffix)
        artifacts: list[Artifact] = []
        body = b""
        for size in sizes:
            if not artifacts or (image.width, image.height) != (size.width, size.height):
                image = scaled(image, suffix, size.width, size.height)
                body = encode(image, suffix, self._settings)
            artifacts.append(_artifact(size, suffix, body))
        found, odd = _camera_notes(header, self._settings)
        made = [f"{size.width}x{size.height}" for size in sizes]
        return artifacts, traits(image) | found | {"sizes": made}, problems + odd


def _head(stream: BinaryIO) -> bytes:
    """The first bytes; one read may give fewer than were asked for."""
    head = b""
    while len(head) < HEAD and (part := stream.read(HEAD - len(head))):
        head += part
    return head


def _read(stream: BinaryIO, head: bytes, size: int) -> bytearray:
    """The whole file in one buffer; an image is at most MAX_IMAGE_BYTES long."""
    data = bytearray(size)
    data[: len(head)] = head
    view, at = memoryview(data), len(head)
    while at < size:
        part = stream.read(min(1 << 20, size - at))
        if not part:
            raise EOFError(f"the object ended after {at} of {size} bytes")
        view[at : at + len(part)] = part
        at += len(part)
    return data


def _artifact(size: Size, suffix: str, body: bytes) -> Artifact:
    dimensions = {"width": size.width, "height": size.height}
    return Artifact(f"{size.name}.{suffix}", MEDIA_TYPES[suffix], body, size.kind, dimensions)


def _described(header: Header) -> Metadata:
    width, height = header.shown
    return {
        "format": header.format.name,
        "width": width,
        "height": height,
        "colourSpace": header.colour_space,
        "bitDepth": header.bit_depth,
        "hasAlpha": header.has_alpha,
        "frames": header.frames,
        "orientation": header.orientation,
    }


def _camera_notes(header: Header, settings: ImageSettings) -> tuple[Any, list[Problem]]:
    if not header.exif:
        return {}, []
    try:
        return read_exif(bytes(header.exif), gps=settings.gps), []
    except ValueError:
        return {}, [Problem("exif-unreadable", "What the camera wrote into the file (EXIF) cannot be read; ignored.")]
