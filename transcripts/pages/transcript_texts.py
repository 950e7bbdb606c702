"""The sentences of the transcript page's script, and the names of its options."""

from typing import Any

from django.utils.translation import gettext_lazy, ngettext_lazy

from transcripts.intelligence.pages import panels
from transcripts.pages.remarks import GAPS_LEFT
from transcripts.pages.script_texts import COMMON, EXPORT, Plural

PROFILE_NAMES = {
    "default": gettext_lazy("Default"),
    "netflix": gettext_lazy("Netflix"),
    "broadcast": gettext_lazy("Television"),
    "social": gettext_lazy("Social media"),
}
MASKED_NAMES = {
    "email": gettext_lazy("Email addresses"),
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
# Of every page with a player: player.js.
PLAYER: dict[str, Any] = {
    "no_recording": gettext_lazy("The recording can't be played."),
    "player": gettext_lazy("Player"),
    "play": gettext_lazy("Play"),
    "pause": gettext_lazy("Pause"),
    "back_3": gettext_lazy("Back 3 seconds"),
    "position": gettext_lazy("Position"),
    "speed": gettext_lazy("Speed"),
    "skip_silence": gettext_lazy("Skip silence"),
    "subtitles": gettext_lazy("Subtitles"),
    "shortcuts": gettext_lazy("Keyboard shortcuts"),
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
    "revert": gettext_lazy("Change {number} undone"),
    "replace": gettext_lazy("Text replaced"),
    "second_pass": gettext_lazy("Second pass"),
    "recount": gettext_lazy("Speakers detected again"),
    "keep_gap": gettext_lazy("Gap filled with the discarded text"),
    "retry_gap": gettext_lazy("Gap transcribed again"),
}
TEXTS: dict[str, Any] = {
    **COMMON,
    **EXPORT,
    **panels.TEXTS,
    **PLAYER,
    "changed": gettext_lazy(
        "This was changed in another window, so your change was not saved. The page shows the "
        "latest version now: try again."
    ),
    "changed_elsewhere": gettext_lazy("Changed in another window."),
    "changed_much": gettext_lazy("Much was changed in another window."),
    "conflict": gettext_lazy(
        "This line was changed in another window. Choose which version to keep."
    ),
    "conflict_gone": gettext_lazy(
        "This line was removed or merged in another window. This is what you typed:"
    ),
    "your_version": gettext_lazy("Yours"),
    "their_version": gettext_lazy("The other one"),
    "keep_mine": gettext_lazy("Keep mine"),
    "keep_theirs": gettext_lazy("Keep the other one"),
    "discard_mine": gettext_lazy("Discard mine"),
    "copy": gettext_lazy("Copy"),
    "all_saved": gettext_lazy("All changes saved"),
    "saving": gettext_lazy("Saving…"),
    "kept_offline": Plural(
        ngettext_lazy(
            "Offline: {count} change is kept in this browser and sent later.",
            "Offline: {count} changes are kept in this browser and sent later.",
        )
    ),
    "kept_logged_out": Plural(
        ngettext_lazy(
            "Logged out: {count} change is kept in this browser. Log in again to send it.",
            "Logged out: {count} changes are kept in this browser. Log in again to send them.",
        )
    ),
    "line_at": gettext_lazy("Line at {time}"),
    "line_actions": gettext_lazy("Actions of the line at {time}"),
    "removed": gettext_lazy("Line removed."),
    "redone": gettext_lazy("Redone."),
    "no_undo": gettext_lazy("Nothing to undo."),
    "no_redo": gettext_lazy("Nothing to redo."),
    "no_unsure": gettext_lazy("No more unsure words."),
    "found": Plural(ngettext_lazy("{count} match", "{count} matches")),
    "found_at": gettext_lazy("Match {number} of {count}"),
    "replace_chosen": gettext_lazy("Replace selected"),
    "glossary": gettext_lazy("Correct by glossary"),
    "no_fixes": gettext_lazy("None of your glossary's misheard spellings is in this text."),
    "fix_selected": gettext_lazy("Correct selected"),
    "edit_glossary": gettext_lazy("Edit glossary"),
    "replaced": Plural(ngettext_lazy("Replaced in {count} line.", "Replaced in {count} lines.")),
    "risk_words": gettext_lazy("{number} of {count} · {time} · Unsure words:"),
    "risk_gap": gettext_lazy("{number} of {count} · {time} · Speech without text"),
    "risk_language": gettext_lazy("{number} of {count} · {time} · Another language:"),
    "risk_speaker": gettext_lazy("{number} of {count} · {time} · Speaker changes mid-sentence:"),
    "review_done": gettext_lazy("Nothing left to review."),
    "comment": gettext_lazy("Comment"),
    "highlight": gettext_lazy("Highlight"),
    "highlighted": gettext_lazy("Highlighted."),
    "comment_deleted": gettext_lazy("Comment deleted."),
    "edited": gettext_lazy("edited"),
    "edit_comment": gettext_lazy("Edit comment: {text}"),
    "comment_on": gettext_lazy("Comment on: {text}"),
    "delete_comment": gettext_lazy("Delete comment: {text}"),
    "preview_of": Plural(
        ngettext_lazy("The only subtitle", "The first {shown} of {count} subtitles")
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
    "personal_found": Plural(ngettext_lazy("{count} place found.", "{count} places found.")),
    "untranslated_lines": Plural(
        ngettext_lazy("{count} line not translated", "{count} lines not translated")
    ),
    "inserted": gettext_lazy("inserted:"),
    "deleted": gettext_lazy("deleted:"),
    "title": gettext_lazy("Title"),
    "tags": gettext_lazy("Tags"),
    "note": gettext_lazy("Language note"),
    "speakers_by": gettext_lazy("Speakers detected by"),
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
