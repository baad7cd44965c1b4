"use strict";
(() => {
  const root = document.documentElement;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const status = document.querySelector(".tools output");

  /* Dark and light: as the system has it, until somebody chooses. */
  const themes = ["auto", "light", "dark"];
  const button = document.querySelector(".theme");
  const kept = { // a page from disk may have no storage
    set(theme) { try { localStorage.setItem("epochreel-theme", theme); } catch { /* not kept */ } },
  };
  let theme = root.dataset.theme || "auto"; // the first script has looked
  const dress = () => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    kept.set(theme);
    dress();
  });
  dress();

  /* Search and filter. */
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const form = document.querySelector(".tools form");
  const cards = [...document.querySelectorAll(".cards > li")].map((item) => ({
    item, text: plain(item.dataset.text),
  }));
  const fields = [...form.querySelectorAll("select")];
  const nothing = document.querySelector(".nothing");
  const main = document.querySelector("main");
  const sift = () => {
    const words = plain(form.elements.search.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { item, text } of cards) {
      const fits = words.every((word) => text.includes(word)) && fields.every(
        (field) => !field.value || JSON.parse(item.dataset[field.name]).includes(field.value),
      );
      item.hidden = !fits;
      shown += fits;
      if (!fits) release(item.querySelector(".media"));
    }
    const all = cards.length === 1 ? "1 scene" : `${cards.length} scenes`;
    status.textContent = shown === cards.length ? all : `${shown} of ${all}`;
    nothing.hidden = shown > 0;
  };
  /* What is looked for stays when somebody comes back, or loads the page anew. */
  const asked = () => [form.elements.search, ...fields];
  const remember = () => {
    const state = Object.fromEntries(asked().map(({ name, value }) => [name, value]));
    try { history.replaceState(state, ""); } catch { /* not kept */ }
  };
  const recall = () => {
    for (const field of asked()) if (history.state) field.value = history.state[field.name] ?? "";
    sift();
  };
  addEventListener("pageshow", recall);
  form.addEventListener("input", () => {
    sift();
    remember();
    // what was found begins at the top
    if (main.getBoundingClientRect().top < 0) main.scrollIntoView({ block: "start" });
  });
  addEventListener("hashchange", () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (!target || !target.closest("[hidden]")) return;
    form.reset();
    sift();
    remember();
    target.scrollIntoView();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector(".clear").addEventListener("click", () => {
    form.reset();
    sift();
    remember();
    form.elements.search.focus();
  });

  /* Films play while they are pointed at or have the focus; a click holds one or lets it go on. */
  const film = (media) => {
    const sources = JSON.parse(media.dataset.sources);
    if (!sources[0].type.startsWith("video/")) {
      const image = new Image();
      image.src = sources[0].url;
      image.alt = "";
      return image;
    }
    const video = document.createElement("video");
    Object.assign(video, { muted: true, loop: true, playsInline: true });
    for (const { url, type } of sources) {
      const source = document.createElement("source");
      Object.assign(source, { src: url, type });
      video.append(source);
    }
    // none can be loaded, or played by this browser: the picture stays
    video.lastChild.addEventListener("error", () => release(media));
    const run = media.querySelector(".run");
    video.addEventListener("timeupdate", () => {
      run.style.transform = `scaleX(${video.currentTime / video.duration || 0})`;
    });
    return video;
  };
  const label = (media, plays) => {
    const toggle = media.querySelector(".play");
    toggle.setAttribute("aria-label", `${plays ? media.dataset.stops : "Play"} ${media.dataset.title}`);
  };
  function start(media) {
    if (media.classList.contains("plays")) return;
    for (const other of document.querySelectorAll(".media:is(.plays, .held)")) release(other);
    media.classList.remove("held");
    let moving = media.querySelector(".moving");
    if (!moving) {
      moving = film(media);
      moving.className = "moving";
      media.querySelector(".play").before(moving);
    }
    media.classList.add("plays");
    label(media, true);
    if (moving.play) moving.play().catch((error) => {
      if (error.name !== "AbortError") release(media);
    });
  }
  function hold(media) {
    const moving = media.querySelector(".moving");
    if (moving.pause) {
      moving.pause();
      media.classList.add("held");
    } else moving.remove(); // an animated picture can't be held
    media.classList.remove("plays");
    label(media, false);
  }
  function release(media) {
    if (!media) return;
    if (media.classList.contains("plays")) hold(media);
    media.classList.remove("held");
  }
  for (const media of document.querySelectorAll(".media[data-sources]")) {
    const toggle = media.querySelector(".play");
    media.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse" && !calm.matches) start(media);
    });
    media.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && !toggle.matches(":focus-visible")) release(media);
    });
    toggle.addEventListener("focus", () => {
      if (toggle.matches(":focus-visible") && !calm.matches) start(media);
    });
    toggle.addEventListener("blur", () => release(media));
    // the button keeps the focus, or it would let the film go before the click holds it
    media.addEventListener("mousedown", (event) => {
      if (!toggle.contains(event.target)) event.preventDefault();
    });
    media.addEventListener("click", () => {
      if (media.classList.contains("plays")) hold(media);
      else start(media);
    });
  }
  addEventListener("pointerdown", (event) => { // a tap elsewhere, where nothing is pointed at
    for (const media of document.querySelectorAll(".media:is(.plays, .held)")) {
      if (!media.contains(event.target)) release(media);
    }
  });
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (!entry.isIntersecting) release(entry.target);
  });
  for (const media of document.querySelectorAll(".media[data-sources]")) seen.observe(media);

  /* Copying. */
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // where a page has no clipboard
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "unseen";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      if (!done) throw new Error("no clipboard");
    }
  };
  for (const control of document.querySelectorAll(".copy")) {
    control.addEventListener("click", async () => {
      const text = control.parentElement.querySelector("pre").textContent;
      let said = "Copied";
      try { await copy(text); } catch { said = "Select it and copy"; }
      control.focus();
      control.querySelector("span").textContent = said;
      setTimeout(() => { control.querySelector("span").textContent = "Copy"; }, 2000);
    });
  }
  recall();
})();
