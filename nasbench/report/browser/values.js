// What the other scripts share: the page's data, elements, numbers as text, colours of the theme.
const read = (kind, inside = document) => {
  const found = inside.querySelector(`script.data-${kind}`);
  return found && JSON.parse(found.textContent);
};

// An element with attributes and children. A text becomes a text node, so no text of a user's is ever markup.
const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

const drawn = (name, attributes = {}, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

const shortCount = (value) => {
  for (const [unit, factor] of [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]])
    if (Math.abs(value) >= factor) return `${Number((value / factor).toPrecision(3))}${unit}`;
  return String(Number(value.toPrecision(3)));
};

// A number as the tables write it: whole ones with thousands separators, others with five digits.
const figure = (value) => {
  if (typeof value !== "number") return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 1e5 ? value.toLocaleString("en", { maximumFractionDigits: 0 }) : String(Number(value.toPrecision(5)));
};

const scoreText = (value) => (typeof value !== "number" ? "–" : Math.abs(value) < 10 ? value.toFixed(4) : figure(value));

// Colours of the pictures that are the page's own, light or dark.
const OF_THEME = { "#1f2a33": "--ink", "#5c6874": "--muted", "#dde2e6": "--rule", "#fefefe": "--card" };
const themed = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colourOf = (colour) => (OF_THEME[colour] ? themed(OF_THEME[colour]) : colour);
const faint = (colour, share) => `color-mix(in srgb, ${colour} ${Math.round(100 * share)}%, transparent)`;

// What the reader has set (series switched off, the filter): a live page that is loaded anew keeps it.
const kept = {
  get: (name, otherwise) => {
    try {
      return JSON.parse(sessionStorage.getItem(`nasbench ${name}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set: (name, value) => {
    try {
      if (read("live")) sessionStorage.setItem(`nasbench ${name}`, JSON.stringify(value));
    } catch {
      // A browser without storage keeps nothing.
    }
  },
};
