// Elements of a page: found, made, announced to screen readers; and the page's one error box.
import { texts } from "./texts.js";

/**
 * The element with that id: `any`, because a template and its script are written together.
 * @type {(id: string) => any}
 */
export const $ = (id) => document.getElementById(id);

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * @param {string} label
 * @param {((event: Event) => unknown) | null} act
 * @param {{type?: "button" | "submit" | "reset"}} [options]
 */
export function makeButton(label, act, { type = "button" } = {}) {
  const className = type === "submit" ? "primary" : "button";
  const button = make("button", { type, className, textContent: label });
  if (act) button.addEventListener("click", act);
  return button;
}

/**
 * Read a message out to people who don't see the page.
 * @param {string} message
 */
export function announce(message) {
  const place = document.querySelector(".announcement");
  if (place) place.textContent = message;
}

/** An error that the page shows already. */
export class ShownError extends Error {}

/**
 * Show an error in the page's error box, with a button that tries again or loads the page again.
 * @param {string} message
 * @param {{retry?: () => unknown, canReload?: boolean, link?: {href: string, label: string}}} [options]
 * @returns {ShownError} what may be thrown to end the action
 */
export function showError(message, { retry, canReload = false, link } = {}) {
  const box = errorBox();
  box.replaceChildren(message);
  if (retry)
    box.append(
      " ",
      makeButton(texts.try_again, () => {
        hideError();
        retry();
      }),
    );
  if (link)
    box.append(
      " ",
      make("a", { href: link.href, className: "button primary", textContent: link.label }),
    );
  if (canReload)
    box.append(
      " ",
      makeButton(texts.reload, () => location.reload()),
    );
  box.hidden = false;
  box.scrollIntoView?.({ block: "nearest" });
  return new ShownError(message);
}

export function hideError() {
  const box = errorBox();
  box.hidden = true;
  box.replaceChildren();
}

/** @returns {HTMLElement} */
function errorBox() {
  const box = document.querySelector(".page-error");
  if (!(box instanceof HTMLElement)) throw new Error("The page has no .page-error");
  return box;
}

/**
 * Run an action that shows its own errors; return whether it went well.
 * @param {() => unknown} act
 */
export async function attempt(act) {
  try {
    await act();
    return true;
  } catch (problem) {
    if (problem instanceof ShownError) return false;
    throw problem;
  }
}
