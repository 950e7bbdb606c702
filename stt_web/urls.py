"""The URL map: the inference surface `/v1/`, the management surface `/api/v1/`, pages."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts.api.urls import management_urlpatterns as account_urlpatterns
from accounts.pages.views import choose_language
from billing.api.urls import management_urlpatterns as billing_urlpatterns
from billing.pages.pricing import show_pricing, show_private_cloud
from stt_web.design import show_design
from stt_web.health import show_health
from stt_web.openapi import show_openapi
from stt_web.operations.api import operations_urlpatterns
from stt_web.operations.models_api import models_urlpatterns
from stt_web.pwa import receive_share, show_manifest, show_offline, show_service_worker
from stt_web.reference.pages import show_asyncapi, show_docs
from stt_web.static import serve_static
from transcripts.urls import (
    assemblyai_urlpatterns,
    inference_urlpatterns,
    management_urlpatterns,
    whisper_asr_urlpatterns,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(inference_urlpatterns)),
    path("v2/", include(assemblyai_urlpatterns)),
    path("", include(whisper_asr_urlpatterns)),
    path("api/v1/", include(management_urlpatterns)),
    path("api/v1/", include(account_urlpatterns)),
    path("api/v1/", include(billing_urlpatterns)),
    path("api/v1/", include(operations_urlpatterns)),
    path("api/v1/", include(models_urlpatterns)),
    path("health", show_health),
    path("openapi.json", show_openapi, name="openapi"),
    path("manifest.webmanifest", show_manifest, name="manifest"),
    path("service-worker.js", show_service_worker),
    path("offline/", show_offline),
    path("share/", receive_share),
    path("asyncapi.yaml", show_asyncapi, name="asyncapi"),
    path("docs", show_docs, name="docs"),
    path("design/", show_design, name="design"),
    path("static/<path:path>", serve_static),
    path("i18n/setlang/", choose_language, name="set_language"),
    path("account/", include("billing.pages.urls")),
    path("billing/", include("billing.pages.payment_urls")),
    path("pricing/", show_pricing, name="pricing"),
    path("private-cloud/", show_private_cloud, name="private_cloud"),
    path("account/", include("accounts.pages.urls")),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("transcripts.page_urls")),
]
handler400 = "stt_web.core.error_responses.answer_400"
handler403 = "stt_web.core.error_responses.answer_403"
handler404 = "stt_web.core.error_responses.answer_404"
handler500 = "stt_web.core.error_responses.answer_500"
