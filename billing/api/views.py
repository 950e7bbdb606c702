"""`/api/v1/account/` and `usage/`: the balance and use of the caller's account."""

from dataclasses import asdict
from typing import cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import MANAGE_AND_READ, key_of, user_of
from accounts.profile import (
    BadProfileError,
    SecurityNoticeError,
    read_email_preferences,
    update_profile,
)
from billing.api.serializers import (
    AccountRequestSerializer,
    AccountSerializer,
    UsageSerializer,
)
from billing.ledger import read_balance
from billing.models import BillingAccount
from billing.quotas import account_for, limits_for
from billing.usage import Period, count_minutes_used, read_daily_usage
from stt_web.core.documentation import raises


class AccountView(APIView):
    scopes = {"GET": "read", "PUT": MANAGE_AND_READ}

    @extend_schema(operation_id="read_account", responses=AccountSerializer)
    def get(self, request: Request) -> Response:
        """Return your profile, plan, credits and limits."""
        return Response(_describe_account(account_for(user_of(request))))

    @raises(BadProfileError, SecurityNoticeError)
    @extend_schema(
        operation_id="update_account",
        request=AccountRequestSerializer,
        responses=AccountSerializer,
    )
    def put(self, request: Request) -> Response:
        """Change your name, time zone, language and email preferences."""
        asked = AccountRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        by_key = key_of(request) is not None
        user = update_profile(user_of(request), **asked.validated_data, by_key=by_key)
        return Response(_describe_account(account_for(user)))


class UsageView(APIView):
    scopes = {"GET": "read"}

    @extend_schema(operation_id="read_usage", responses=UsageSerializer)
    def get(self, request: Request) -> Response:
        """Return what you used in the last 30 days, by day."""
        account = account_for(user_of(request))
        days, totals = read_daily_usage(
            account, time_zone=_owner_of(account).time_zone, now=timezone.now()
        )
        described = [{"date": day, **_describe_period(period)} for day, period in days.items()]
        return Response({"days": described, "totals": _describe_period(totals)})


def _describe_account(account: BillingAccount) -> dict[str, object]:
    user, now = _owner_of(account), timezone.now()
    balance, limits = read_balance(account, now=now), limits_for(user)
    return {
        "email": user.email,
        "name": user.name,
        "time_zone": user.time_zone,
        "language": user.language,
        "plan": {"id": account.plan.pk, "name": account.plan.name},
        "credits": balance.credits,
        "minutes_used": count_minutes_used(account, now=now),
        "minutes_left": balance.minutes_left if balance.is_metered else None,
        "limits": {
            "max_file_bytes": limits.max_file_bytes or None,
            "concurrency": limits.concurrency or None,
            "requests_per_minute": limits.requests_per_minute or None,
            "text_requests_per_minute": limits.text_requests_per_minute or None,
        },
        "email_preferences": read_email_preferences(user),
    }


def _owner_of(account: BillingAccount) -> User:
    return cast("User", account.user)  # only an account without a login has none


def _describe_period(period: Period) -> dict[str, object]:
    by_kind = {kind: asdict(usage) for kind, usage in period.by_kind.items()}
    return {**asdict(period.total), "by_kind": by_kind}
