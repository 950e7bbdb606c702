from django.apps import AppConfig


class TranscriptsConfig(AppConfig):
    name = "transcripts"

    def ready(self) -> None:
        # These import models, which can't be imported before this.
        from accounts.services.belongings import Belongings, register_belongings
        from transcripts.services.belongings import export_belongings, remove_transcripts

        register_belongings(
            "transcripts", Belongings(export=export_belongings, remove=remove_transcripts)
        )
