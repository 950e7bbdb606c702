// Short messages over the page, read out by screen readers; one that offers something stays longer.
import { make, makeButton } from "./dom.js";

const SHOWN_MS = 5000;
const OFFERED_MS = 12000; // WCAG 2.2.1 asks for time enough; the same offer is on the page as well

/**
 * Show a message at the foot of the page; return what takes it away again.
 * @param {string} message
 * @param {{label?: string, act?: () => unknown, href?: string}} [offer] a button, or with `href` a link
 */
export function showToast(message, { label = "", act, href = "" } = {}) {
  const toast = make("div", { className: "toast" }, make("span", { textContent: message }));
  const remove = () => toast.remove();
  if (href) toast.append(make("a", { className: "button", href, textContent: label }));
  else if (label)
    toast.append(
      makeButton(label, () => {
        remove();
        act?.();
      }),
    );
  place().append(toast);
  let timer = setTimeout(remove, label ? OFFERED_MS : SHOWN_MS);
  // Whoever reads it or is about to press its button isn't hurried.
  for (const type of ["pointerenter", "focusin"])
    toast.addEventListener(type, () => clearTimeout(timer));
  for (const type of ["pointerleave", "focusout"])
    toast.addEventListener(type, () => (timer = setTimeout(remove, SHOWN_MS)));
  return remove;
}

function place() {
  const found = document.querySelector(".toasts");
  if (found) return found;
  const made = make("div", { className: "toasts" });
  made.setAttribute("role", "status");
  document.body.append(made);
  return made;
}
