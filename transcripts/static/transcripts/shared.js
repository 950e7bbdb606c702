// A click on a time plays from there.
const player = document.getElementById("player");
document.querySelector(".turns").addEventListener("click", (event) => {
  const start = event.target.dataset.start;
  if (start === undefined) return;
  player.currentTime = Number(start);
  player.play();
});
