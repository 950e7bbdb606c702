"""The operators' pages of this application: people, their keys, and the audit log."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.keys.issue import revoke_api_key
from accounts.models import ApiKey, AuditEntry, User
from accounts.operator_admin import (
    OperatorAction,
    OperatorAdmin,
    Outcome,
    audit_log_of,
    link_to,
    link_to_list,
)
from stt_web.core.errors import ApiError


def _set_active(user: User, *, is_active: bool) -> Outcome:
    User.objects.filter(pk=user.pk).update(is_active=is_active)
    message = (
        gettext("%(email)s may use the account.")
        if is_active
        else gettext("%(email)s may not use the account.")
    )
    return Outcome(message % {"email": user.email})


def _make_operator(user: User) -> Outcome:
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    return Outcome(gettext("%(email)s is now an operator.") % {"email": user.email})


def _dismiss_operator(user: User) -> Outcome:
    """Who can make operators stays: of two who dismiss each other at once, one is refused."""
    in_charge = User.objects.filter(is_superuser=True, is_staff=True, is_active=True)
    # Locked in one order, all of them: the second waits here and then sees one less.
    remaining = set(in_charge.order_by("pk").select_for_update().values_list("pk", flat=True))
    if remaining <= {user.pk}:
        raise ApiError(
            gettext("This is the last operator with all rights. Make another one first.")
        )
    User.objects.filter(pk=user.pk).update(is_staff=False, is_superuser=False)
    return Outcome(gettext("%(email)s is no longer an operator.") % {"email": user.email})


def _remove_second_factor(user: User) -> Outcome:
    Authenticator.objects.filter(user=user).delete()
    message = gettext("%(email)s can log in with the password alone and set up a new factor.")
    return Outcome(message % {"email": user.email})


def _revoke(api_key: ApiKey) -> Outcome:
    if not revoke_api_key(api_key, is_own_action=False):
        raise ApiError(gettext("This key has already been revoked."))
    return Outcome(gettext("%(key)s is revoked.") % {"key": api_key})


@admin.register(User)
class UserAdmin(OperatorAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name", "=id")
    ordering = ("-date_joined",)
    fields = (
        ("email", "name"),
        ("language", "time_zone"),
        ("is_active", "is_staff"),
        ("date_joined", "last_login", "deletion_requested_at"),
        "see_also",
    )
    operator_actions = (
        OperatorAction(
            name="deactivate",
            label=_("Deactivate"),
            explanation=_("Sessions and keys stop working; nothing is deleted."),
            run=lambda user, asked: _set_active(user, is_active=False),
            is_offered=lambda user: user.is_active and not user.is_superuser,
        ),
        OperatorAction(
            name="reactivate",
            label=_("Reactivate"),
            run=lambda user, asked: _set_active(user, is_active=True),
            is_offered=lambda user: not user.is_active,
        ),
        OperatorAction(
            name="remove-second-factor",
            label=_("Remove the second factor"),
            explanation=_(
                "For an owner who lost it. Verify that the request comes from the owner."
            ),
            run=lambda user, asked: _remove_second_factor(user),
            is_offered=lambda user: not user.is_staff,
        ),
        OperatorAction(
            name="make-operator",
            label=_("Make an operator"),
            explanation=_("With all rights here, once a second factor is set up."),
            run=lambda user, asked: _make_operator(user),
            is_offered=lambda user: user.is_active and not user.is_staff,
            is_for_superusers=True,
        ),
        OperatorAction(
            name="dismiss-operator",
            label=_("Remove operator rights"),
            run=lambda user, asked: _dismiss_operator(user),
            is_offered=lambda user: user.is_staff,
            is_for_superusers=True,
        ),
    )

    @admin.display(description=_("See also"))
    def see_also(self, user: User) -> SafeString:
        """Lists of other applications are known by the names of their pages only."""
        links = [
            link_to_list(
                "billing_billingaccount", _("Account and ledger"), user__id__exact=user.pk
            ),
            link_to_list(
                "transcripts_transcriptionjob",
                _("Transcriptions"),
                transcript__owner__id__exact=user.pk,
            ),
            link_to_list("accounts_apikey", _("Keys"), user__id__exact=user.pk),
            _audit_link(user),
        ]
        return format_html_join(" · ", "{}", ((link,) for link in links))


@admin.register(ApiKey)
class ApiKeyAdmin(OperatorAdmin):
    list_display = ("prefix", "name", "owner", "created_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("=prefix", "name", "user__email")
    list_select_related = ("user",)
    ordering = ("-created_at",)
    fields = (
        "owner",
        ("prefix", "name"),
        "scopes",
        ("created_at", "last_used_at"),
        ("expires_at", "revoked_at"),
    )
    operator_actions = (
        OperatorAction(
            name="revoke-key",
            label=_("Revoke"),
            explanation=_("Programs that use it are refused within seconds."),
            run=lambda api_key, asked: _revoke(api_key),
            is_offered=lambda api_key: api_key.revoked_at is None,
        ),
    )

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "user__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(ordering="user__email")
    def owner(self, api_key: ApiKey) -> SafeString | str:
        return link_to(api_key.user)


@admin.register(AuditEntry)
class AuditEntryAdmin(OperatorAdmin):
    list_display = ("at", "actor", "action", "subject", "reason")
    list_filter = ("action", "object_type")
    search_fields = ("actor_email", "=actor_id", "=object_id", "reason")
    ordering = ("-at",)
    fields = ("at", "actor", "actor_id", "action", "subject", "reason", "details")

    @admin.display(description=_("By"), ordering="actor_email")
    def actor(self, entry: AuditEntry) -> SafeString | str:
        """An operator's address, or a link to the account of the person."""
        if entry.actor_email:
            return entry.actor_email
        address = reverse("admin:accounts_user_change", args=[entry.actor_id])
        return format_html('<a href="{}">{} {}</a>', address, _("account"), entry.actor_id[:8])

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "object_id" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("Object"))
    def subject(self, entry: AuditEntry) -> SafeString | str:
        """A link, whether or not the object is still there."""
        try:
            name = f"admin:{entry.object_type.replace('.', '_')}_change"
            address = reverse(name, args=[entry.object_id])
        except NoReverseMatch:
            return f"{entry.object_type} {entry.object_id}"
        text = f"{entry.object_type} {entry.object_id[:8]}"
        return format_html('<a href="{}">{}</a>', address, text)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        return self.change_view(request, object_id)


def _audit_link(subject: Model) -> SafeString:
    address = audit_log_of(subject._meta.label_lower, subject.pk)
    return format_html('<a href="{}">{}</a>', address, _("Audit log"))
