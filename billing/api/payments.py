"""`/api/v1/billing/`: offers, checkout, invoices, and Stripe's events."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import IDEMPOTENCY_ERRORS, answer_request_once, fingerprint_request
from accounts.permissions import MANAGE_AND_READ, PUBLIC, user_of
from billing.access import InvoiceNotFoundError, get_invoice
from billing.api.payment_serializers import (
    AddressSerializer,
    CheckoutRequestSerializer,
    InvoicePageSerializer,
    InvoiceSerializer,
    OffersSerializer,
    ReceivedSerializer,
)
from billing.payments.addresses import find_billing_page, find_return_addresses
from billing.payments.checkout import open_checkout, open_portal
from billing.payments.errors import (
    GATEWAY_ERRORS,
    AlreadySubscribedError,
    BadSignatureError,
    NoCustomerError,
    OfferNotFoundError,
)
from billing.payments.events import receive_event
from billing.payments.gateway import are_payments_configured
from billing.payments.invoice_pdf import render_invoice
from billing.payments.invoices import list_invoices
from billing.payments.offers import find_offer, list_packs, list_public_plans
from billing.quotas import account_for
from stt_web.core.documentation import raises
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination

# Longer than the library waits for Stripe, with all that it tries again.
_CHECKOUT_LASTS_S = 300.0


class OffersView(APIView):
    scopes = {"GET": PUBLIC}

    @extend_schema(operation_id="list_offers", responses=OffersSerializer)
    def get(self, request: Request) -> Response:
        """Return the plans and credit packs on sale. Needs no key."""
        offers = {
            "can_buy": are_payments_configured(),
            "plans": list_public_plans(),
            "packs": list_packs(),
        }
        return Response(OffersSerializer(offers).data)


class CheckoutView(APIView):
    scopes = {"POST": "manage"}

    @raises(OfferNotFoundError, AlreadySubscribedError, *GATEWAY_ERRORS, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="open_checkout",
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        request=CheckoutRequestSerializer,
        responses=AddressSerializer,
    )
    def post(self, request: Request) -> Response:
        """Open a page of Stripe's on which a pack or a plan is paid for."""
        asked = CheckoutRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        names = asked.validated_data
        pack, plan = names.get("pack", ""), names.get("plan", "")
        return answer_request_once(
            request,
            fingerprint=fingerprint_request("checkout", pack, plan),
            lasts_s=_CHECKOUT_LASTS_S,
            answer=lambda: self._open(request, pack=pack, plan=plan),
        )

    def _open(self, request: Request, *, pack: str, plan: str) -> Response:
        url = open_checkout(
            account_for(user_of(request)),
            offer=find_offer(pack_id=pack, plan_id=plan),
            back=find_return_addresses(request._request),
        )
        return Response({"url": url})


class PortalView(APIView):
    scopes = {"POST": MANAGE_AND_READ}  # the page shows invoices

    @raises(NoCustomerError, *GATEWAY_ERRORS)
    @extend_schema(operation_id="open_portal", request=None, responses=AddressSerializer)
    def post(self, request: Request) -> Response:
        """Open a page of Stripe's for your cards, and to end a subscription."""
        back = find_billing_page(request._request)
        return Response({"url": open_portal(account_for(user_of(request)), return_url=back)})


class InvoiceListView(APIView):
    scopes = {"GET": "read"}

    @raises(PageNotFoundError)
    @extend_schema(
        operation_id="list_invoices",
        parameters=[
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int, description="At most 100."),
        ],
        responses=InvoicePageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return your invoices, receipts and credit notes, newest first."""
        paginator = PageNumberPagination()
        invoices = list_invoices(account_for(user_of(request)))
        page = paginator.paginate_queryset(invoices, request, view=self)
        return paginator.get_paginated_response(InvoiceSerializer(page, many=True).data)


class _PdfRenderer(BaseRenderer):
    media_type = "application/pdf"
    format = "pdf"
    charset = None
    render_style = "binary"

    def render(
        self, data: bytes, accepted_media_type: str | None = None, renderer_context: object = None
    ) -> bytes:
        return data


class _PdfOrError(BaseContentNegotiation):
    """PDF for every `Accept`; an error is JSON, as everywhere."""

    def select_parser(self, request: Request, parsers: object) -> None:
        return None

    def select_renderer(
        self, request: Request, renderers: object, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return JSONRenderer(), JSONRenderer.media_type


class InvoiceView(APIView):
    content_negotiation_class = _PdfOrError
    scopes = {"GET": "read"}

    @raises(InvoiceNotFoundError)
    @extend_schema(
        operation_id="read_invoice",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, invoice_id: str) -> Response:
        """Return one of your invoices as PDF."""
        invoice = get_invoice(account_for(user_of(request)), invoice_id)
        request.accepted_renderer = _PdfRenderer()
        request.accepted_media_type = _PdfRenderer.media_type
        name = f'inline; filename="{invoice.number}.pdf"'
        return Response(render_invoice(invoice), headers={"Content-Disposition": name})


class StripeWebhookView(APIView):
    """Entered with Stripe's signature: no key, no session, no CSRF token, no limit of a plan."""

    authentication_classes = []
    throttle_classes = []
    scopes = {"POST": PUBLIC}

    @raises(BadSignatureError, *GATEWAY_ERRORS)
    @extend_schema(
        operation_id="receive_stripe_event",
        parameters=[OpenApiParameter("Stripe-Signature", str, OpenApiParameter.HEADER)],
        request=OpenApiTypes.OBJECT,
        responses=ReceivedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Take an event of Stripe, with its signature; for Stripe alone."""
        receive_event(request._request.body, signature=request.headers.get("Stripe-Signature", ""))
        return Response({"received": True})
