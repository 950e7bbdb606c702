// Fills each <select data-models> with the models that can run; without them the server chooses.

const selects = document.querySelectorAll("select[data-models]");
const answer = selects.length ? await fetch("/v1/models").catch(() => null) : null;
for (const { id, name, available, served_by } of answer?.ok ? (await answer.json()).models : []) {
  if (!available || (served_by && served_by !== id)) continue;
  for (const select of selects) select.append(new Option(name, id));
}
