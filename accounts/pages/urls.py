"""The addresses of this application's pages below `/account/`."""

from django.urls import path

from accounts.pages import leaving, local_login, views

urlpatterns = [
    path("profile/", views.show_profile, name="account_profile"),
    path("keys/", views.show_keys, name="account_keys"),
    path("keys/revoke-all/", views.revoke_every_key, name="account_keys_revoke_all"),
    path("keys/<str:key_id>/revoke/", views.revoke_key, name="account_key_revoke"),
    path("security/", views.show_security, name="account_security"),
    path("2fa/totp/activate/", views.turn_on_second_factor),  # allauth's name, and its page
    path(
        "security/log-out-everywhere/",
        views.log_out_everywhere,
        name="account_log_out_everywhere",
    ),
    path(
        "security/sessions/<int:session_id>/end/",
        views.log_session_out,
        name="account_session_end",
    ),
    path("export/", leaving.download_export, name="account_export"),
    path("delete/", leaving.leave, name="account_delete"),
    path("local/<str:token>/", local_login.log_in_locally, name="account_local_login"),
    path("ticket/", views.make_ticket, name="account_ticket"),
]
