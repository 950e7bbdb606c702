"""The packets of a recording's sound, past damage, with stamps that a timeline can go by.

Runs in the child.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import av
import av.error
from av.audio.stream import AudioStream
from av.packet import Packet

from transcripts.media.recording import OpenedMedia
from transcripts.media.report import Report
from transcripts.media.timeline import AUDIBLE_S

# A damaged index makes every read fail: so many in a row are the end of the recording.
_MAX_FAILURES: Final = 500
# An Ogg page has at most 255 packets.
_MAX_GROUP: Final = 256


def read_packets(recording: OpenedMedia, *, report: Report) -> Iterator["Packet[AudioStream]"]:
    """The packets in order. Raises MemoryError."""
    packets = _demux(recording, report=report)
    if recording.container.format.name == "ogg":
        packets = _in_pages(packets)
    return _without_outliers(packets)


def _demux(recording: OpenedMedia, *, report: Report) -> Iterator["Packet[AudioStream]"]:
    """The packets of the stream, past places where the container is damaged."""
    failures = 0
    while failures < _MAX_FAILURES:
        try:
            for packet in recording.container.demux(recording.stream):
                failures = 0
                yield packet
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            failures += 1
            report.failures += 1
        else:
            return


def _without_outliers(
    packets: Iterable["Packet[AudioStream]"],
) -> Iterator["Packet[AudioStream]"]:
    """A single stamp that lies ahead of the one behind it is wrong: it is what should follow."""
    last: Packet[AudioStream] | None = None
    held: Packet[AudioStream] | None = None
    for packet in packets:
        if held is not None:
            if last is not None and _is_outlier(last, held, packet):
                held.pts = _end_of(last)
            yield held
            last = held
        held = packet
    if held is not None:
        yield held


def _is_outlier(
    last: "Packet[AudioStream]", held: "Packet[AudioStream]", following: "Packet[AudioStream]"
) -> bool:
    if last.pts is None or held.pts is None or following.pts is None:
        return False
    return last.pts <= following.pts < held.pts


def _in_pages(packets: Iterable["Packet[AudioStream]"]) -> Iterator["Packet[AudioStream]"]:
    """An Ogg page has one stamp, that of its end. Where more time passed than its packets hold,
    FFmpeg puts the gap before the page; it lies before the packet whose arrival closed the page,
    the last one (libavformat/oggenc.c, ogg_write_packet_internal)."""
    page: list[Packet[AudioStream]] = []
    end: int | None = None
    for packet in packets:
        if page and (packet.pos != page[0].pos or len(page) >= _MAX_GROUP):
            yield from _with_gap_moved(page, end)
            end, page = _end_of(page[-1]), []
        page.append(packet)
    yield from _with_gap_moved(page, end)


def _with_gap_moved(
    page: list["Packet[AudioStream]"], end: int | None
) -> list["Packet[AudioStream]"]:
    if len(page) < 2 or end is None or page[0].pts is None or page[0].time_base is None:
        return page
    gap = page[0].pts - end
    if gap * page[0].time_base > AUDIBLE_S:
        for packet in page[:-1]:
            packet.pts = None if packet.pts is None else packet.pts - gap
    return page


def _end_of(packet: "Packet[AudioStream]") -> int | None:
    return None if packet.pts is None else packet.pts + (packet.duration or 0)
