"""Plans and credit packs, paid for through Stripe Checkout.

    checkout      a user begins to pay: a `Checkout` row, and Stripe's page for it
    events        Stripe's events: verified, stored, routed to the module they concern
    purchases     a payment intent, fetched again: credits, refunds, disputes, invoices
    subscriptions a subscription, fetched again: the plan of its account
    corrections   credits that a refund or a dispute takes back
    invoices      numbered documents, and their PDF

An event is a hint, Stripe's object is the truth: for each event the object it is about is
fetched again and our rows are updated to its current state. So it doesn't matter in which order
events come, how often, or how old they are. Of two fetches of one object the later one counts
(`object_versions`). Each movement of credits has a reference that the ledger takes once.

    PaymentsError (ApiError)
    ├── NotConfiguredError      503 not_configured: this server has no keys for Stripe
    ├── StripeUnavailableError  503 payments_unavailable: Stripe can't be reached, or refuses us
    ├── OfferNotFoundError      400 unknown_offer
    ├── AlreadySubscribedError  409 already_subscribed
    ├── NoCustomerError         409 no_customer: nothing was ever bought
    └── BadSignatureError       400 bad_signature: an event that isn't Stripe's, or is too old
"""
