// The page works without this; it chooses "after days" for whoever types a number of them, and
// leads to what has to be confirmed.
"use strict";

for (const days of document.querySelectorAll(".days input"))
  days.addEventListener("input", () => {
    days.closest(".choice").querySelector("[type=radio]").checked = true;
  });

document.getElementById("overdue")?.focus();
