"""The sentences of the transcript page's script, and the names of its options."""

from typing import Any

from django.utils.translation import gettext_lazy, ngettext_lazy

from transcripts.intelligence import pages as intelligence_pages
from transcripts.pages.remarks import GAPS_LEFT
from transcripts.pages.script_texts import COMMON, EXPORT, Plural

PROFILE_NAMES = {
    "default": gettext_lazy("Default"),
    "netflix": gettext_lazy("Netflix"),
    "broadcast": gettext_lazy("Television"),
    "social": gettext_lazy("Social media"),
}
MASKED_NAMES = {
    "email": gettext_lazy("E-mail addresses"),
    "phone": gettext_lazy("Telephone numbers"),
    "card": gettext_lazy("Card numbers"),
    "iban": gettext_lazy("Bank accounts (IBAN)"),
    "ip": gettext_lazy("IP addresses"),
    "url": gettext_lazy("Web addresses"),
    "id": gettext_lazy("ID numbers"),
    "account": gettext_lazy("Account numbers"),
    "dob": gettext_lazy("Dates of birth"),
    "address": gettext_lazy("Streets and postcodes (some)"),
    "person": gettext_lazy("Names of people (some)"),
}
# The actions of the history (`EditAction`).
_ACTIONS = {
    "describe": gettext_lazy("Title or tags"),
    "edit": gettext_lazy("Text, timing, or speaker"),
    "split": gettext_lazy("Line split"),
    "merge": gettext_lazy("Lines merged"),
    "move_words": gettext_lazy("Words moved"),
    "remove": gettext_lazy("Line deleted"),
    "add_speaker": gettext_lazy("Speaker added"),
    "rename_speaker": gettext_lazy("Speaker renamed"),
    "merge_speakers": gettext_lazy("Speakers merged"),
    "assign_speaker": gettext_lazy("Speaker changed"),
    "restore": gettext_lazy("Reverted to version {number}"),
    "second_pass": gettext_lazy("Second pass"),
    "recount": gettext_lazy("Speakers detected again"),
    "keep_gap": gettext_lazy("Gap filled with the discarded text"),
    "retry_gap": gettext_lazy("Gap transcribed again"),
}
TEXTS: dict[str, Any] = {
    **COMMON,
    **EXPORT,
    **intelligence_pages.TEXTS,
    "no_recording": gettext_lazy("The recording can't be played."),
    "changed": gettext_lazy(
        "This transcript was changed in another window, so your change was not saved. Copy your "
        "text, reload the page, and enter it again."
    ),
    "saved": gettext_lazy("Saved."),
    "undone": gettext_lazy("Undone."),
    "preparing": gettext_lazy("Preparing file…"),
    "edit": gettext_lazy("Edit"),
    "save": gettext_lazy("Save"),
    "cancel": gettext_lazy("Cancel"),
    "split": gettext_lazy("Split at the cursor"),
    "merge": gettext_lazy("Merge with next line"),
    "remove": gettext_lazy("Remove"),
    "text": gettext_lazy("Text"),
    "speaker": gettext_lazy("Speaker"),
    "no_speaker": gettext_lazy("No speaker"),
    "new_speaker": gettext_lazy("New speaker…"),
    "new_name": gettext_lazy("Name of the new speaker"),
    "rename": gettext_lazy("Rename {name}"),
    "speaker_actions": gettext_lazy("Rename or merge {name}"),
    "same_person": gettext_lazy("Same person as"),
    "merge_speakers": gettext_lazy("Merge speakers"),
    "speakers_merged": gettext_lazy("Speakers merged."),
    "recounted": gettext_lazy("Speakers detected again."),
    "fewer_speakers": gettext_lazy(
        "You asked for {wanted} speakers, but only {found} could be found."
    ),
    "times_and_words": gettext_lazy("Timing"),
    "line_start": gettext_lazy("Starts at"),
    "line_end": gettext_lazy("Ends at"),
    "from_player": gettext_lazy("Use player position"),
    "start_from_player": gettext_lazy("Start: use player position"),
    "end_from_player": gettext_lazy("End: use player position"),
    "no_time": gettext_lazy("Enter a time in minutes and seconds, for example 1:02.5."),
    "word_back": gettext_lazy("Move first word to previous line"),
    "word_on": gettext_lazy("Move last word to next line"),
    "word_moved": gettext_lazy("Word moved."),
    "cannot_split": gettext_lazy("Place the cursor between two words first."),
    "restore": gettext_lazy("Restore"),
    "original": gettext_lazy("Original"),
    "deleted_account": gettext_lazy("a deleted account"),
    "gap_retrying": gettext_lazy("Transcribing this part again…"),
    "gap_nothing": gettext_lazy("No words were recognised this time either."),
    "gap_filled": gettext_lazy("Gap filled."),
    "gaps_left": GAPS_LEFT,
    "show_changes": gettext_lazy("Changes"),
    "compare_now": gettext_lazy("Compare with current"),
    "show_more": gettext_lazy("Show more"),
    "no_difference": gettext_lazy("No differences."),
    "only_words": gettext_lazy("Word timing"),
    "actions": _ACTIONS,
    "and_more": gettext_lazy("and {count} more"),
    "issues": Plural(
        ngettext_lazy("{count} issue in {cues} subtitles", "{count} issues in {cues} subtitles")
    ),
    "no_issues": Plural(
        ngettext_lazy("No issues in {count} subtitle.", "No issues in {count} subtitles.")
    ),
    "untranslated_lines": Plural(
        ngettext_lazy("{count} line not translated", "{count} lines not translated")
    ),
    "inserted": gettext_lazy("inserted:"),
    "deleted": gettext_lazy("deleted:"),
    "title": gettext_lazy("Title"),
    "tags": gettext_lazy("Tags"),
    "note": gettext_lazy("Language note"),
    "speaker_number": gettext_lazy("Speaker {number}"),
    "label_again": gettext_lazy("unnamed"),
    "limit": gettext_lazy("limit"),
    "issue_empty": gettext_lazy("No text"),
    "issue_line_length": gettext_lazy("Line too long"),
    "issue_lines": gettext_lazy("Too many lines"),
    "issue_break": gettext_lazy("Line breaks after a word that belongs to the next line"),
    "issue_duration": gettext_lazy("On screen too briefly or too long"),
    "issue_reading_speed": gettext_lazy("Too fast to read"),
    "issue_overlap": gettext_lazy("Overlaps the previous subtitle"),
    "issue_gap": gettext_lazy("Too close to the previous subtitle"),
}
