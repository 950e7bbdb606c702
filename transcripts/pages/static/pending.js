// Work on a finished transcript, a second pass or its voices: when it is done, the page says so. It
// isn't loaded again by itself: a person may be writing in it.
import { $ } from "./dom.js";
import { onEvent } from "./transcript-stream.js";

onEvent("work", ({ second_pass: isTranscribed, voices }) => {
  const isUnderWay = isTranscribed || voices === "queued";
  const done = $("pending-done");
  done.previousElementSibling.hidden = !isUnderWay;
  done.hidden = isUnderWay;
});
$("pending-done")
  .querySelector("button")
  .addEventListener("click", () => location.reload());
