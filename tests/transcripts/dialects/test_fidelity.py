"""The published tables are those that requests are read by."""

import re
from collections.abc import Mapping

import pytest

from tests.e2e.processes import ROOT
from transcripts.dialects.assemblyai.fields import FIELDS as ASSEMBLYAI
from transcripts.dialects.deepgram.fields import FIELDS as DEEPGRAM
from transcripts.dialects.deepgram.live_options import LIVE_FIELDS as DEEPGRAM_LIVE
from transcripts.dialects.fidelity import Fate, Field, list_ignored
from transcripts.dialects.realtime.fields import SESSION_FIELDS as REALTIME
from transcripts.dialects.whisper_asr.fields import FIELDS as WHISPER_ASR

_ROW = re.compile(r"^\| `([a-z_.]+)` \| (honoured|ignored|refused) \| (.*) \|$", re.MULTILINE)


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("deepgram.md", DEEPGRAM),
        ("deepgram-live.md", DEEPGRAM_LIVE),
        ("realtime.md", REALTIME),
        ("assemblyai.md", ASSEMBLYAI),
        ("whisper-asr.md", WHISPER_ASR),
    ],
)
def test_a_published_table_is_the_one_that_counts(page: str, fields: Mapping[str, Field]) -> None:
    rows = _ROW.findall((ROOT / "docs" / page).read_text())
    assert rows == [(name, field.fate.value, field.how) for name, field in fields.items()]


@pytest.mark.parametrize("fields", [DEEPGRAM, DEEPGRAM_LIVE, ASSEMBLYAI])
def test_what_a_client_can_not_see_ignored_never_is(fields: Mapping[str, Field]) -> None:
    unseen = ("redact", "callback", "webhook_url", "multichannel", "translate", "redact_pii")
    ignored = {name for name in unseen if name in fields and fields[name].fate is Fate.IGNORED}
    assert ignored == set()


def test_a_known_name_is_named_however_many_unknown_ones_are_sent() -> None:
    unknown = [f"unknown{number}" for number in range(30)]
    ignored = list_ignored([*unknown, "auto_chapters"], ASSEMBLYAI)
    assert [*ignored] == [*unknown[:20], "auto_chapters"]
