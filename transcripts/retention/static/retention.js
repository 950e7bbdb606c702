// The page works without this; it chooses "after days" where a number of them is typed, and moves
// the focus to what has to be confirmed.

for (const days of document.querySelectorAll(".days input"))
  days.addEventListener("input", () => {
    const choice = days.closest(".choice")?.querySelector("[type=radio]");
    if (choice instanceof HTMLInputElement) choice.checked = true;
  });

document.getElementById("overdue")?.focus();
