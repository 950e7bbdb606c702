from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TranscriptsConfig(AppConfig):
    name = "transcripts"
    verbose_name = _("Transcripts")

    def ready(self) -> None:
        # These import models, which can't be imported before this.
        from accounts.services.user_data import UserDataProvider, register_user_data
        from billing.recordings import register_namer
        from transcripts.services.billed_recordings import name_recordings
        from transcripts.user_data import export_user_data, remove_transcripts

        register_namer(name_recordings)
        register_user_data(
            "transcripts", UserDataProvider(export=export_user_data, remove=remove_transcripts)
        )
