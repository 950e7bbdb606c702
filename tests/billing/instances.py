"""Inference servers of an account's own, as an operator adds them."""

from billing.cloud import InstanceDetails, change_instance
from billing.models import BillingAccount, CloudInstance


def register_instance(account: BillingAccount, details: InstanceDetails) -> CloudInstance:
    instance = CloudInstance(account=account)
    change_instance(instance, details)
    return instance
