// A small sheet over the page, beside what opened it: closed by Escape or a click elsewhere.
import { make } from "./dom.js";

const MARGIN_PX = 8;

/**
 * @param {Element} anchor
 * @param {string} label
 * @param {Node[]} content
 * @param {{onClose?: () => void, focus?: HTMLElement | null}} [options]
 * @returns {() => void} what closes it
 */
export function openSheet(anchor, label, content, { onClose, focus } = {}) {
  const sheet = make("div", { className: "sheet", popover: "auto" }, ...content);
  sheet.setAttribute("role", "dialog");
  sheet.setAttribute("aria-label", label);
  const opener = /** @type {HTMLElement | null} */ (document.activeElement);
  document.body.append(sheet);
  sheet.showPopover();
  placeBeside(sheet, anchor);
  const target = focus ?? sheet.querySelector("input, select, textarea, button");
  /** @type {HTMLElement | null} */ (target)?.focus();
  sheet.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    const hadFocus = !document.activeElement || document.activeElement === document.body;
    sheet.remove();
    onClose?.();
    if (hadFocus && opener?.isConnected) opener.focus();
  });
  return () => {
    if (sheet.isConnected) sheet.hidePopover();
  };
}

/**
 * @param {HTMLElement} sheet
 * @param {Element} anchor
 */
export function placeBeside(sheet, anchor) {
  const place = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = sheet;
  const isBelow = place.bottom + height + MARGIN_PX < innerHeight || place.top < height + MARGIN_PX;
  const top = isBelow ? place.bottom + MARGIN_PX / 2 : place.top - height - MARGIN_PX / 2;
  const left = Math.min(innerWidth - width - MARGIN_PX, Math.max(MARGIN_PX, place.left));
  sheet.style.top = `${Math.max(MARGIN_PX, Math.min(top, innerHeight - height - MARGIN_PX))}px`;
  sheet.style.left = `${left}px`;
}
