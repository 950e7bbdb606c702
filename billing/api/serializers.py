"""Account and usage, as they come in and go out."""

from rest_framework import serializers

from accounts.profile import EMAIL_PREFERENCES


class PlanSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()


class LimitsSerializer(serializers.Serializer[object]):
    """null: no limit."""

    max_file_bytes = serializers.IntegerField(allow_null=True)
    concurrency = serializers.IntegerField(allow_null=True)
    requests_per_minute = serializers.IntegerField(allow_null=True)
    text_requests_per_minute = serializers.IntegerField(allow_null=True)


class AccountSerializer(serializers.Serializer[object]):
    email = serializers.EmailField()
    name = serializers.CharField(allow_blank=True)
    time_zone = serializers.CharField(help_text="A name of the IANA database.")
    language = serializers.CharField()
    plan = PlanSerializer()
    credits = serializers.IntegerField(help_text="1 credit = 1 started minute of audio.")
    minutes_used = serializers.IntegerField(help_text="In this month (UTC).")
    minutes_left = serializers.IntegerField(
        allow_null=True, help_text="Free ones of this month; null where use isn't metered."
    )
    limits = LimitsSerializer()
    email_preferences = serializers.DictField(child=serializers.BooleanField())


class AccountRequestSerializer(serializers.Serializer[object]):
    """What may be changed; what isn't sent stays."""

    name = serializers.CharField(max_length=150, allow_blank=True, required=False)
    time_zone = serializers.CharField(max_length=64, required=False)
    language = serializers.CharField(max_length=8, required=False)
    email_preferences = serializers.DictField(
        child=serializers.BooleanField(),
        required=False,
        help_text=f"Any of {', '.join(EMAIL_PREFERENCES)}.",
    )


class FiguresSerializer(serializers.Serializer[object]):
    minutes = serializers.IntegerField()
    jobs = serializers.IntegerField()
    credits = serializers.IntegerField()


class TotalsSerializer(FiguresSerializer):
    by_kind = serializers.DictField(child=FiguresSerializer(), help_text="file, live, ai")


class DaySerializer(TotalsSerializer):
    date = serializers.DateField()


class UsageSerializer(serializers.Serializer[object]):
    days = DaySerializer(many=True, help_text="30, oldest first, in the account's time zone.")
    totals = TotalsSerializer()
