"""Offers, checkouts and invoices, as they come in and go out."""

from rest_framework import serializers

from billing.models import CreditPack, Invoice, Plan


class PlanOfferSerializer(serializers.ModelSerializer[Plan]):
    """0: no free minutes (for amounts), no limit (for limits). `price_cents` is for a month."""

    class Meta:
        model = Plan
        fields = (
            "id",
            "name",
            "monthly_minutes",
            "max_file_bytes",
            "concurrency",
            "requests_per_minute",
            "has_private_cloud",
            "price_cents",
            "currency",
        )


class CreditPackSerializer(serializers.ModelSerializer[CreditPack]):
    class Meta:
        model = CreditPack
        fields = ("id", "name", "credits", "price_cents", "currency")


class OffersSerializer(serializers.Serializer[object]):
    can_buy = serializers.BooleanField(help_text="Whether this server takes payments.")
    plans = PlanOfferSerializer(many=True)
    packs = CreditPackSerializer(many=True)


class CheckoutRequestSerializer(serializers.Serializer[object]):
    """One of the two."""

    pack = serializers.CharField(max_length=50, required=False)
    plan = serializers.CharField(max_length=50, required=False)


class AddressSerializer(serializers.Serializer[object]):
    url = serializers.URLField(help_text="Stripe's page, for a browser.")


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    class Meta:
        model = Invoice
        fields = (
            "id",
            "number",
            "kind",
            "corrects",
            "description",
            "amount_cents",
            "currency",
            "issued_at",
        )


class InvoicePageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = InvoiceSerializer(many=True)


class ReceivedSerializer(serializers.Serializer[object]):
    received = serializers.BooleanField()
