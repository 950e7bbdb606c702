"""Plans and credit packs, paid for through Stripe Checkout.

    checkout      somebody goes to pay: a `Checkout` row, and Stripe's page for it
    events        Stripe tells that something happened: checked, noted, brought to where it belongs
    purchases     a payment intent, looked at anew: credits, refunds, disputes, invoices
    subscriptions a subscription, looked at anew: the plan of its account
    corrections   credits that a refund or a dispute takes back
    invoices      numbered documents, and their PDF

An event is a hint, Stripe's object is the truth: whatever an event says, the object it is about is
fetched anew and our rows are brought to what it says now. So it doesn't matter in which order
events come, how often, or how old they are. Of two looks at one object the later one counts
(`looks`). Everything that moves credits has a reference that the ledger takes once.

    PaymentsError (ApiError)
    ├── NotConfiguredError      503 not_configured: this server has no keys for Stripe
    ├── StripeUnavailableError  503 payments_unavailable: Stripe can't be reached, or refuses us
    ├── OfferNotFoundError      400 unknown_offer
    ├── AlreadySubscribedError  409 already_subscribed
    ├── NoCustomerError         409 no_customer: nothing was ever bought
    └── BadSignatureError       400 bad_signature: an event that isn't Stripe's, or is too old
"""
