// A page that is served while its run goes on is loaded anew when the run has grown, unless the reader holds something.
const live = read("live");
if (live) {
  const title = document.title;
  const mark = document.querySelector(".lead")?.appendChild(element("span", { class: "live" }, "live"));
  const busy = () => pinned || document.querySelector(".filters :focus, details[open], canvas:hover");
  setInterval(async () => {
    try {
      const now = await (await fetch("state", { cache: "no-store" })).text();
      document.title = title;
      if (mark) mark.textContent = now === live.state ? "live" : "live, newer results wait";
      if (now !== live.state && !busy()) location.reload();
    } catch {
      document.title = `(ended) ${title}`;
      if (mark) mark.textContent = "no longer live: nasbench watch has ended";
    }
  }, live.milliseconds);
}
