"""A stand-in of Stripe's HTTP API, as far as we use it (`stripe_server` puts it on a port).

It checks what it is sent (method, path, key, version, idempotency key, every form field) and notes
what it doesn't expect in `complaints`. What happens at Stripe (a payment, a refund, a dispute)
is a method, which changes the objects and returns the events that Stripe would deliver. Shapes:
https://docs.stripe.com/api, version 2026-10-28.
"""

import copy
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECRET_KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
VERSION = "2026-10-28.endive"
Object = dict[str, Any]
Form = dict[str, str]
# What is sent to open a session: the names that are always there, and those of either mode.
_SESSION = {
    "mode",
    "customer",
    "client_reference_id",
    "metadata[checkout]",
    "automatic_tax[enabled]",
    "line_items[0][quantity]",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]",
    "success_url",
    "cancel_url",
}
_SESSION_OF_MODE = {
    "payment": {"payment_intent_data[metadata][checkout]"},
    "subscription": {
        "subscription_data[metadata][checkout]",
        "line_items[0][price_data][recurring][interval]",
    },
}


class RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str, *, param: str = "") -> None:
        super().__init__(message)
        self.status = status
        details = {"code": code, "message": message, "param": param}
        self.body = {"error": {"type": "invalid_request_error", **details}}


class StripeStandIn:
    """`objects`: all of Stripe's, by id. `is_down`: every request is answered with 500."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.requests: list[tuple[str, str, Form]] = []
        self.complaints: list[str] = []
        self.is_down = False
        self.url = ""
        self._answers: dict[str, tuple[Form, Object]] = {}
        self._held_back: dict[str, tuple[threading.Event, threading.Event]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    @contextmanager
    def holding_back(self, path: str) -> Iterator[threading.Event]:
        """Hold back the next answer to a GET of `path`, as it is when asked, until the end.

        Yields what is set once the answer is made.
        """
        made, end = threading.Event(), threading.Event()
        self._held_back[path] = (made, end)
        try:
            yield made
        finally:
            end.set()

    def wait(self, path: str) -> None:
        """Wait if the answer to `path` is held back."""
        if held := self._held_back.pop(path, None):
            made, end = held
            made.set()
            end.wait(20)

    # what happens at Stripe

    def pay(self, session_id: str) -> list[Object]:
        """A customer pays on a session's page; a subscription begins with its first invoice."""
        session = self.objects[session_id]
        session |= {"status": "complete", "payment_status": "paid"}
        if session["mode"] == "payment":
            intent = self._make_paid_intent(session, metadata=session["metadata"])
            session["payment_intent"] = intent["id"]
            return [
                self.event("payment_intent.succeeded", intent),
                self.event("checkout.session.completed", session),
            ]
        subscription = self._make_subscription(session)
        session["subscription"] = subscription["id"]
        return [
            self.event("customer.subscription.created", subscription),
            *self.renew(subscription["id"]),
            self.event("checkout.session.completed", session),
        ]

    def renew(self, subscription_id: str) -> list[Object]:
        subscription = self.objects[subscription_id]
        subscription["status"] = "active"
        intent = self._make_paid_intent(subscription["_session"], metadata={})
        invoice = self._make(
            "in",
            "invoice",
            status="paid",
            amount_paid=intent["amount"],
            parent={
                "type": "subscription_details",
                "subscription_details": {
                    "subscription": subscription_id,
                    "metadata": subscription["metadata"],
                },
            },
        )
        self._make(
            "inpay",
            "invoice_payment",
            invoice=invoice["id"],
            payment={"type": "payment_intent", "payment_intent": intent["id"]},
            status="paid",
        )
        return [
            self.event("payment_intent.succeeded", intent),
            self.event("invoice.paid", invoice),
            self.event("customer.subscription.updated", subscription),
        ]

    def set_status(self, subscription_id: str, status: str) -> list[Object]:
        subscription = self.objects[subscription_id]
        subscription["status"] = status
        kind = "deleted" if status == "canceled" else "updated"
        return [self.event(f"customer.subscription.{kind}", subscription)]

    def refund(self, intent_id: str, cents: int) -> list[Object]:
        charge = self.charge_of(intent_id)
        charge["amount_refunded"] += cents
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        refund = self._make(
            "re", "refund", amount=cents, charge=charge["id"], payment_intent=intent_id
        )
        return [self.event("charge.refunded", charge), self.event("refund.created", refund)]

    def fail_refund(self, intent_id: str, cents: int) -> list[Object]:
        charge = self.charge_of(intent_id)
        charge["amount_refunded"] -= cents
        refund = self._make(
            "re",
            "refund",
            amount=cents,
            charge=charge["id"],
            payment_intent=intent_id,
            status="failed",
        )
        return [self.event("refund.failed", refund)]

    def dispute(self, intent_id: str, *, status: str = "needs_response") -> list[Object]:
        charge = self.charge_of(intent_id)
        charge["disputed"] = True
        dispute = self._make(
            "dp",
            "dispute",
            amount=charge["amount"] - charge["amount_refunded"],
            charge=charge["id"],
            payment_intent=intent_id,
            status=status,
        )
        return [self.event("charge.dispute.created", dispute)]

    def close_dispute(self, intent_id: str, *, status: str) -> list[Object]:
        dispute = self._find("dispute", payment_intent=intent_id)[-1]
        dispute["status"] = status
        return [self.event("charge.dispute.closed", dispute)]

    def charge_of(self, intent_id: str) -> Object:
        return self.objects[self.objects[intent_id]["latest_charge"]]

    def event(self, kind: str, about: Object) -> Object:
        """The event with the object as it is at this moment, independent of later changes."""
        details = {name: value for name, value in about.items() if not name.startswith("_")}
        return {
            "id": f"evt_{next(self._numbers)}",
            "object": "event",
            "api_version": VERSION,
            "created": int(time.time()),
            "livemode": False,
            "type": kind,
            "data": {"object": copy.deepcopy(details)},
        }

    # what is asked

    def answer(self, method: str, path: str, headers: Form, form: Form) -> Object:
        """Return the answer's body, or raise RefusedError."""
        with self._lock:
            self.requests.append((method, path, form))
            self._expect(headers.get("authorization") == f"Bearer {SECRET_KEY}", "the secret key")
            self._expect(headers.get("stripe-version") == VERSION, f"version {VERSION}")
            if method == "POST":
                return self._answer_post(path, headers.get("idempotency-key", ""), form)
            if method == "DELETE" and path.startswith("/v1/subscriptions/"):
                return self._cancel(path.rpartition("/")[2])
            return self._answer_get(path, form)

    def _answer_post(self, path: str, key: str, form: Form) -> Object:
        self._expect(bool(key), f"an idempotency key for {path}")
        if key in self._answers:
            earlier, answered = self._answers[key]
            if earlier != form:
                raise RefusedError(400, "idempotency_error", "Keys are for the same parameters.")
            return answered
        make = {
            "/v1/customers": self._create_customer,
            "/v1/checkout/sessions": self._create_session,
            "/v1/billing_portal/sessions": self._create_portal,
        }.get(path)
        if make is None:
            raise self._unexpected(f"POST {path}")
        made = make(key, form)
        self._answers[key] = (form, made)
        return made

    def _cancel(self, subscription_id: str) -> Object:
        subscription = self.objects[subscription_id]
        self._expect(subscription["status"] != "canceled", "a subscription that lives")
        subscription["status"] = "canceled"
        return subscription

    def _answer_get(self, path: str, form: Form) -> Object:
        if path == "/v1/disputes":
            self._expect(set(form) == {"payment_intent", "limit"}, f"{form} of disputes")
            return self._list(self._find("dispute", payment_intent=form["payment_intent"]))
        if path == "/v1/invoice_payments":
            return self._list(self._find_invoice_payments(form))
        kind, _, object_id = path.removeprefix("/v1/").partition("/")
        if kind not in ("payment_intents", "subscriptions"):
            raise self._unexpected(f"GET {path}")
        if object_id not in self.objects:
            raise RefusedError(404, "resource_missing", f"No such object: {object_id}")
        found = copy.deepcopy(self.objects[object_id])
        if form.get("expand[0]") == "latest_charge" and found["latest_charge"]:
            found["latest_charge"] = self.objects[found["latest_charge"]]
        return found

    def _find_invoice_payments(self, form: Form) -> list[Object]:
        found = copy.deepcopy(self._find("invoice_payment"))
        if "invoice" in form:
            return [each for each in found if each["invoice"] == form["invoice"]]
        self._expect(form.get("payment[type]") == "payment_intent", "the kind of payment")
        wanted = [
            each
            for each in found
            if each["payment"]["payment_intent"] == form.get("payment[payment_intent]")
        ]
        if form.get("expand[0]") == "data.invoice":
            for each in wanted:
                each["invoice"] = self.objects[each["invoice"]]
        return wanted

    def _create_customer(self, key: str, form: Form) -> Object:
        self._expect(key.startswith("customer:"), "a key of the customer's")
        self._expect(set(form) <= {"email", "name", "metadata[account]"}, f"{form} of a customer")
        return self._make("cus", "customer", email=form["email"])

    def _create_session(self, key: str, form: Form) -> Object:
        mode = form.get("mode", "")
        self._expect(set(form) == _SESSION | _SESSION_OF_MODE[mode], f"{form} of a session")
        checkout = form["client_reference_id"]
        self._expect(key == f"checkout:{checkout}", "a key of the checkout's")
        self._expect(form["metadata[checkout]"] == checkout, "one checkout")
        self._expect(form["automatic_tax[enabled]"].lower() == "false", "no automatic tax")
        if form["customer"] not in self.objects:
            raise RefusedError(400, "resource_missing", "No such customer", param="customer")
        inner = "payment_intent_data" if mode == "payment" else "subscription_data"
        self._expect(form[f"{inner}[metadata][checkout]"] == checkout, "one checkout inside")
        session = self._make("cs", "checkout.session", mode=mode, status="open")
        session |= {
            "client_reference_id": checkout,
            "customer": form["customer"],
            "metadata": {"checkout": checkout},
            "payment_status": "unpaid",
            "payment_intent": None,
            "subscription": None,
            "amount_total": int(form["line_items[0][price_data][unit_amount]"]),
            "currency": form["line_items[0][price_data][currency]"],
            "url": f"https://checkout.stripe.example/{session['id']}",
        }
        return session

    def _create_portal(self, key: str, form: Form) -> Object:
        self._expect(set(form) == {"customer", "return_url"}, f"{form} of a portal")
        self._expect(form["customer"] in self.objects, "a customer")
        made = self._make("bps", "billing_portal.session", customer=form["customer"])
        made["url"] = f"https://billing.stripe.example/{made['id']}"
        return made

    # its objects

    def _make_paid_intent(self, session: Object, *, metadata: dict[str, str]) -> Object:
        amount, currency = session["amount_total"], session["currency"]
        charge = self._make(
            "ch",
            "charge",
            amount=amount,
            amount_refunded=0,
            refunded=False,
            disputed=False,
            currency=currency,
            billing_details={
                "name": "Jiří Dvořák",
                "email": "jiri@example.com",
                "phone": None,
                "address": {
                    "line1": "Příčná 5",
                    "line2": None,
                    "postal_code": "110 00",
                    "city": "Praha",
                    "state": None,
                    "country": "CZ",
                },
            },
        )
        intent = self._make(
            "pi",
            "payment_intent",
            status="succeeded",
            amount=amount,
            amount_received=amount,
            currency=currency,
            metadata=metadata,
            latest_charge=charge["id"],
        )
        charge["payment_intent"] = intent["id"]
        return intent

    def _make_subscription(self, session: Object) -> Object:
        now = int(time.time())
        item = {
            "id": f"si_{next(self._numbers)}",
            "object": "subscription_item",
            "current_period_start": now,
            "current_period_end": now + 30 * 86400,
        }
        return self._make(
            "sub",
            "subscription",
            status="active",
            metadata=session["metadata"],
            customer=session["customer"],
            cancel_at_period_end=False,
            cancel_at=None,
            items={"object": "list", "data": [item], "has_more": False, "url": "/v1/…"},
            _session=session,
        )

    def _make(self, prefix: str, kind: str, **fields: Any) -> Object:
        object_id = f"{prefix}_{next(self._numbers):014d}"
        made = {"id": object_id, "object": kind, "created": int(time.time()), **fields}
        self.objects[object_id] = made
        return made

    def _find(self, kind: str, **fields: str) -> list[Object]:
        return [
            each
            for each in self.objects.values()
            if each["object"] == kind and all(each[name] == fields[name] for name in fields)
        ]

    def _list(self, found: list[Object]) -> Object:
        return {"object": "list", "data": found, "has_more": False, "url": "/v1/…"}

    def _expect(self, is_so: bool, what: str) -> None:
        if not is_so:
            raise self._unexpected(f"expected {what}")

    def _unexpected(self, what: str) -> RefusedError:
        self.complaints.append(what)
        return RefusedError(400, "parameter_unknown", what)
