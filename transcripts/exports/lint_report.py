"""Where the subtitles of a transcript break the rules of a profile, as JSON."""

import json
from collections import Counter
from dataclasses import asdict

from transcripts.exports.cues import make_cues
from transcripts.exports.document import Document
from transcripts.exports.json import seconds
from transcripts.exports.lint import lint_cues
from transcripts.exports.measures import own_profile
from transcripts.exports.options import ExportOptions


def render_lint(document: Document, options: ExportOptions) -> str:
    profile = own_profile(options.profile, document.text, language=document.language)
    cues = make_cues(document, options.profile)
    target = document.translation.language if document.translation else ""
    findings = lint_cues(cues, options.profile, language=document.language, below_language=target)
    return json.dumps(
        {
            "profile": asdict(profile),
            "cues": len(cues),
            "counts": dict(Counter(finding.rule for finding in findings)),
            "findings": [
                {
                    **asdict(finding),
                    "start": seconds(cues[finding.cue - 1].start_ms),
                    "end": seconds(cues[finding.cue - 1].end_ms),
                }
                for finding in findings
            ],
        }
    )
