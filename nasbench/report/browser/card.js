// The card of what the pointer is on: a trial with its drawing, or the values of a chart's lines. A click pins it.
const trials = read("trials");
const rowOf = new Map((trials?.rows ?? []).map((row, place) => [row[0], place]));
const card = element("aside", { class: "card", id: "card", "aria-live": "polite" });
let pinned = null;

const entries = (pairs) =>
  element("dl", { class: "facts" }, ...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));

const aboutTrial = (number) => {
  const place = rowOf.get(number), row = trials?.rows[place];
  if (!row) return null;
  const field = Object.fromEntries(trials.columns.map((name, column) => [name, row[column]]));
  const more = trials.columns.slice(7, -2).map((name) => [name, scoreText(field[name])]);
  const facts = entries([
    ["score", `${scoreText(field.score)} (${trials.score})`], ...more,
    ...["params", "MACs"].filter((name) => field[name] !== null).map((name) => [name, figure(field[name])]),
    ["epochs", figure(field.epochs)], ["seconds", figure(field.seconds)], ["key", field.key],
    ...(row.length > trials.columns.length ? [["reason", row.at(-1)]] : []),
  ]);
  const pictures = drawings(trials, place);
  const words = trials.decisions[place].map((each) => trials.words[each]);
  const decisions = words.flatMap((word, index) => (index % 2 ? [] : [`${word} ${words[index + 1]}`])).join(", ");
  const head = element("p", {}, element("b", {}, `trial ${number}`), ` · ${field.kind}, ${field.status}`);
  const picture = pictures.length ? element("div", { class: "drawings" }, ...pictures) : element("p", {}, decisions);
  return [head, facts, picture];
};

const place = (x, y) => {
  const { clientWidth, clientHeight } = document.documentElement;
  const fits = x + 16 + card.offsetWidth < clientWidth;
  const left = fits ? x + 16 : Math.max(8, Math.min(x - 16 - card.offsetWidth, clientWidth - card.offsetWidth - 8));
  card.style.left = `${Math.max(8, left)}px`;
  card.style.top = `${Math.max(8, Math.min(y + 16, clientHeight - card.offsetHeight - 8))}px`;
};

const hideCard = () => {
  if (!pinned) card.remove();
};

// Shows the card beside a point of the window, unless another one is pinned.
const showCard = (content, x, y) => {
  if (pinned || !content) return;
  card.replaceChildren(...content);
  if (!card.isConnected) document.body.append(card);
  place(x, y);
};

const unpin = () => {
  const from = pinned;
  pinned = null;
  card.classList.remove("pinned");
  card.removeAttribute("role");
  card.remove();
  if (card.contains(document.activeElement) || document.activeElement === document.body) from?.focus?.();
};

const pinCard = (content, x, y, from) => {
  if (pinned) unpin();
  if (!content) return;
  showCard(content, x, y);
  pinned = from ?? document.body;
  card.classList.add("pinned");
  card.setAttribute("role", "dialog");
  card.setAttribute("aria-label", card.querySelector("p")?.textContent ?? "values");
  const close = element("button", { type: "button", class: "close", "aria-label": "unpin (Escape)" }, "×");
  close.addEventListener("click", unpin);
  card.prepend(close);
  place(x, y);
};

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && pinned) unpin();
});
addEventListener("click", (event) => {
  if (pinned && !card.contains(event.target) && !event.target.closest("canvas, [data-trial], .open-trial")) unpin();
});

// Dots of pictures that are drawn as SVG show the same card.
for (const dot of document.querySelectorAll("[data-trial]")) {
  const number = Number(dot.dataset.trial);
  if (!rowOf.has(number)) continue;
  dot.querySelector("title")?.remove();
  dot.addEventListener("pointerenter", (event) => showCard(aboutTrial(number), event.clientX, event.clientY));
  dot.addEventListener("pointerleave", hideCard);
  dot.addEventListener("click", (event) => pinCard(aboutTrial(number), event.clientX, event.clientY));
}
