"""The account (asyncio): keys, usage, webhooks, settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

from open_stt._async.transport import Transport
from open_stt.calls import Call, without_none
from open_stt.types import (
    Account,
    ApiKey,
    BenchReport,
    Cloud,
    Delivery,
    DeliveryDetail,
    DoctorReport,
    Endpoint,
    Glossary,
    ModelWeights,
    NewApiKey,
    NewEndpoint,
    NewSecret,
    NoteTemplate,
    NoteTemplateList,
    Processing,
    Retention,
    Usage,
    WeightsOnDisk,
)


class AccountMethods:
    _transport: Transport

    async def account(self) -> Account:
        """Return the profile, the plan, and what is left of minutes and credits."""
        return await self._transport.get(Account, "/api/v1/account/")

    async def update_account(self, **fields: Any) -> Account:
        """Change name, time_zone, language or email_preferences."""
        return await self._transport.answer(Account, Call("PUT", "/api/v1/account/", body=fields))

    async def usage(self) -> Usage:
        """Return the last 30 days, oldest first, and their totals."""
        return await self._transport.get(Usage, "/api/v1/usage/")

    async def cloud(self) -> Cloud:
        """Return the inference servers of the account's own."""
        return await self._transport.get(Cloud, "/api/v1/cloud/")

    async def examine_server(self, *, network: bool = False) -> DoctorReport:
        """Return what is amiss with the server, and its cure. For keys of operators.

        `network`: also try the places that models are fetched from.
        """
        params = {"network": "true"} if network else {}
        return await self._transport.get(DoctorReport, "/api/v1/operator/doctor/", **params)

    async def measure_server(self, seconds: int = 60) -> BenchReport:
        """Measure the server on its own machine, for 30 to 60 seconds. For keys of operators.

        Others wait longer meanwhile. It charges nothing and leaves nothing behind.
        """
        body = {"seconds": seconds}
        return await self._transport.post(BenchReport, "/api/v1/operator/bench/", body=body)

    async def weights(self) -> WeightsOnDisk:
        """Return the models that are installed or could be, and what is fetched. For operators."""
        return await self._transport.get(WeightsOnDisk, "/api/v1/operator/models/")

    async def pull_model(self, model: str, *, reason: str) -> ModelWeights:
        """Have a model fetched; `weights` tells how far it is. For operators with all rights.

        `reason`: for the server's audit log.
        """
        body = {"model": model, "reason": reason}
        return await self._transport.post(ModelWeights, "/api/v1/operator/models/pull/", body=body)

    async def glossary(self) -> Glossary:
        """Return the words that the account's recordings are about."""
        return await self._transport.get(Glossary, "/api/v1/glossary/")

    async def set_glossary(self, terms: Sequence[Mapping[str, Any]]) -> Glossary:
        """Replace them."""
        body = {"terms": list(terms)}
        return await self._transport.answer(Glossary, Call("PUT", "/api/v1/glossary/", body=body))

    async def retention(self) -> Retention:
        """Return how many days recordings and transcripts are stored."""
        return await self._transport.get(Retention, "/api/v1/retention/")

    async def set_retention(self, **days: int | None) -> Retention:
        """Set audio_days, transcript_days, embedding_days."""
        return await self._transport.answer(Retention, Call("PUT", "/api/v1/retention/", body=days))

    async def processing(self) -> Processing:
        """Return what is made of each transcript by itself."""
        return await self._transport.get(Processing, "/api/v1/processing/")

    async def set_processing(
        self, auto_process: Sequence[str], *, template: str = "", tags: Sequence[Any] = ()
    ) -> Processing:
        """Set it, for all recordings and for those with a tag."""
        body = {"auto_process": list(auto_process), "template": template, "tags": list(tags)}
        call = Call("PUT", "/api/v1/processing/", body=body)
        return await self._transport.answer(Processing, call)

    async def templates(self, *, language: str | None = None) -> NoteTemplateList:
        """Return the outlines of notes, built in and own."""
        return await self._transport.get(NoteTemplateList, "/api/v1/templates/", language=language)

    async def create_template(
        self, name: str, sections: Sequence[Mapping[str, Any]]
    ) -> NoteTemplate:
        """Make an outline of notes."""
        body = {"name": name, "sections": list(sections)}
        return await self._transport.post(
            NoteTemplate, "/api/v1/templates/", body, is_idempotent=True
        )

    async def delete_template(self, template_id: str) -> None:
        await self._transport.send(Call("DELETE", f"/api/v1/templates/{template_id}/"))


class Keys:
    """API keys."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> AsyncIterator[ApiKey]:
        """Yield the account's keys, without their secrets."""
        async for each in self._transport.pages("/api/v1/keys/", {"page_size": 100}):
            yield cast("ApiKey", each)

    async def create(
        self,
        name: str,
        *,
        scopes: Sequence[str] | None = None,
        expires_at: str | None = None,
        never_expires: bool = False,
    ) -> NewApiKey:
        """Make a key; its `key` is in this answer only."""
        body = without_none(name=name, scopes=scopes, expires_at=expires_at)
        if never_expires:
            body["expires_at"] = None
        return await self._transport.post(NewApiKey, "/api/v1/keys/", body)

    async def revoke(self, key_id: str, *, with_created: bool = False) -> None:
        """Revoke a key; `with_created`: and all that it made."""
        params = {"with_created": "true"} if with_created else {}
        await self._transport.send(Call("DELETE", f"/api/v1/keys/{key_id}/", params=params))


class Webhooks:
    """Endpoints of yours that are notified. `open_stt.verify_webhook` checks the messages."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> AsyncIterator[Endpoint]:
        async for each in self._transport.pages("/api/v1/webhooks/", {"page_size": 100}):
            yield cast("Endpoint", each)

    async def get(self, endpoint_id: str) -> Endpoint:
        return await self._transport.get(Endpoint, f"/api/v1/webhooks/{endpoint_id}/")

    async def create(
        self, url: str, *, events: Sequence[str] | None = None, description: str | None = None
    ) -> NewEndpoint:
        """Make an endpoint; its `secret` is in this answer only."""
        body = without_none(url=url, events=events, description=description)
        return await self._transport.post(NewEndpoint, "/api/v1/webhooks/", body)

    async def update(self, endpoint_id: str, **fields: Any) -> Endpoint:
        """Change url, description, events or is_enabled."""
        call = Call("PATCH", f"/api/v1/webhooks/{endpoint_id}/", body=fields)
        return await self._transport.answer(Endpoint, call)

    async def delete(self, endpoint_id: str) -> None:
        await self._transport.send(Call("DELETE", f"/api/v1/webhooks/{endpoint_id}/"))

    async def rotate_secret(self, endpoint_id: str) -> NewSecret:
        """Make a new secret; for a day messages are signed with both."""
        path = f"/api/v1/webhooks/{endpoint_id}/secret/rotate/"
        return await self._transport.post(NewSecret, path)

    async def send_test(self, endpoint_id: str) -> DeliveryDetail:
        """Have a test event sent."""
        path = f"/api/v1/webhooks/{endpoint_id}/test/"
        return await self._transport.post(DeliveryDetail, path)

    async def deliveries(
        self, endpoint_id: str, *, status: str | None = None
    ) -> AsyncIterator[Delivery]:
        """Yield the messages of 30 days, newest first."""
        path = f"/api/v1/webhooks/{endpoint_id}/deliveries/"
        async for each in self._transport.pages(path, {"status": status, "page_size": 100}):
            yield cast("Delivery", each)

    async def replay(self, endpoint_id: str, delivery_id: str) -> DeliveryDetail:
        """Have a message sent again."""
        path = f"/api/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}/replay/"
        return await self._transport.post(DeliveryDetail, path)
