"""What can be refused where money is concerned; the tree is drawn in the package."""

from stt_web.core.errors import ApiError


class PaymentsError(ApiError):
    pass


class NotConfiguredError(PaymentsError):
    """This server takes no payments."""

    status = 503
    code = "not_configured"

    def __init__(self) -> None:
        super().__init__(
            "This server takes no payments. Ask its operator for credits or another plan."
        )


class StripeUnavailableError(PaymentsError):
    """The payment service can't be reached; nothing was charged."""

    status = 503
    code = "payments_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The payment service can't be reached at the moment. Nothing was charged; try again"
            " in a minute.",
            retry_after_s=60,
        )


class OfferNotFoundError(PaymentsError):
    """No such pack or plan is on sale."""

    code = "unknown_offer"


class AlreadySubscribedError(PaymentsError):
    """The account is subscribed to a plan already."""

    status = 409
    code = "already_subscribed"


class NoCustomerError(PaymentsError):
    """Nothing was ever bought."""

    status = 409
    code = "no_customer"


class BadSignatureError(PaymentsError):
    """Not an event that Stripe signed for this server in the last minutes."""

    code = "bad_signature"


# What asking Stripe raises, for `stt_web.core.documentation.raises`.
GATEWAY_ERRORS = (NotConfiguredError, StripeUnavailableError)
