// Webhook messages, checked as https://www.standardwebhooks.com/ defines it.

import { createHmac, timingSafeEqual } from "node:crypto";
import { SignatureError } from "./errors.js";

/** Returns the event of a message that the server signed with `secret` (`whsec_…`). `body`: exactly what was received. */
export function verifyWebhook(
  secret: string,
  body: string | Uint8Array,
  headers: Headers | Record<string, string | string[] | undefined>,
  toleranceS = 300,
): Record<string, unknown> {
  const read = (name: string): string => {
    const value = headers instanceof Headers ? headers.get(name) : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
    if (typeof value !== "string") throw new SignatureError(`The header ${name} is missing.`);
    return value;
  };
  const id = read("webhook-id");
  const timestamp = read("webhook-timestamp");
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= toleranceS)) throw new SignatureError("The message is too old, or this machine's clock is wrong.");
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  const isOurs = read("webhook-signature").split(" ").some((each) => {
    const [version, signature] = each.split(",", 2);
    const given = Buffer.from(signature ?? "", "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!isOurs) throw new SignatureError("The message isn't signed with this secret.");
  return JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
}
