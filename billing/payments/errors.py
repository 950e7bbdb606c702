"""What can be refused where money is concerned; the tree is drawn in the package."""

from stt_web.core.errors import ApiError


class PaymentsError(ApiError):
    pass


class NotConfiguredError(PaymentsError):
    status = 503
    code = "not_configured"

    def __init__(self) -> None:
        super().__init__(
            "This server takes no payments. Ask whoever runs it for credits or another plan."
        )


class StripeUnavailableError(PaymentsError):
    status = 503
    code = "payments_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The payment service can't be reached at the moment. Nothing was charged; try again"
            " in a minute.",
            retry_after_s=60,
        )


class OfferNotFoundError(PaymentsError):
    code = "unknown_offer"


class AlreadySubscribedError(PaymentsError):
    status = 409
    code = "already_subscribed"


class NoCustomerError(PaymentsError):
    status = 409
    code = "no_customer"


class BadSignatureError(PaymentsError):
    code = "bad_signature"
