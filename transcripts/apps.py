from django.apps import AppConfig


class TranscriptsConfig(AppConfig):
    name = "transcripts"

    def ready(self) -> None:
        # These import models, which can't be imported before this.
        from accounts.services.user_data import Belongings, register_belongings
        from transcripts.user_data import export_belongings, remove_transcripts

        register_belongings(
            "transcripts", Belongings(export=export_belongings, remove=remove_transcripts)
        )
