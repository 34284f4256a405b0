"use strict";
(() => {
  const FIXATION = 500; // milliseconds of the cross before each image
  const FRAME = 8; // half a frame: an image ends at the frame nearest to its time
  const LARGEST = 480; // CSS pixels of the image along its longer side
  const SMALLEST = 96;
  const COARSEST = 20; // CSS pixels for each of the image's own: larger ones hide its content

  const { test, pictures, ganeval_human } = JSON.parse(element("test").textContent);
  const KEY = `ganeval-human-${test.id}`;
  const total = test.pictures;
  const shown = test.seconds * 1000;

  let sitting = null; // who answers, and what so far
  let phase = "none"; // none, fixation, counting (the look), picture, mask, paused
  let before = "none"; // the phase that was paused
  let ready = false; // the next image is decoded
  let onset = 0; // when the cross or the image appeared; moved on by the length of each pause
  let pausedAt = 0;
  let loop = 0; // the frame asked for
  let stored = true; // whether this browser stores anything for this page
  let saved = true; // whether the finished answers were saved as a file

  function element(id) { return document.getElementById(id); }

  // ---- storage: every sitting of this test on this device, so that a reload loses nothing ----
  //
  // In IndexedDB: Chromium gives a page from a file an empty localStorage once in some twenty loads, and drops it with the page.

  const STORE = "sittings";
  const database = new Promise((done, failed) => {
    const opening = indexedDB.open(KEY, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "sitting" });
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => failed(opening.error);
  });
  database.catch(() => { stored = false; });
  const otherTabs = new BroadcastChannel(KEY);
  let sittings = []; // those stored when it was looked last, in the order in which they were begun

  async function look() {
    try {
      const asked = (await database).transaction(STORE).objectStore(STORE).getAll();
      const all = await new Promise((done, failed) => {
        asked.onsuccess = () => done(asked.result);
        asked.onerror = () => failed(asked.error);
      });
      sittings = all.filter(isSitting).sort((a, b) => (a.begun < b.begun ? -1 : Number(a.begun > b.begun)));
    } catch {
      stored = false;
    }
    if (sitting === null) listSittings();
    element("unkept").hidden = stored;
  }

  function isSitting(one) {
    return typeof one.sitting === "string" && Array.isArray(one.answers) && one.answers.length <= total && one.answers.length + one.looks > 0;
  }

  async function keep(one) {
    try {
      const writing = (await database).transaction(STORE, "readwrite");
      writing.objectStore(STORE).put(one);
      await new Promise((done, failed) => {
        writing.oncomplete = done;
        writing.onabort = () => failed(writing.error);
      });
      otherTabs.postMessage("stored");
    } catch {
      stored = false;
      if (one === sitting && isDone(one) && !saved) element("saved").textContent = "";
    }
    element("unkept").hidden = stored;
  }

  function unfinished() { return sittings.findLast((one) => !isDone(one)); }

  function isDone(one) { return one.answers.length === total; }

  // ---- what is shown ----

  function only(id) {
    for (const name of ["welcome", "trial", "end"]) element(name).hidden = name !== id;
    document.body.classList.toggle("busy", id === "trial");
    window.scrollTo(0, 0);
  }

  function onStage(id) {
    for (const name of ["cross", "picture", "mask", "pause"]) element(name).hidden = name !== id;
    const answerable = id === "picture" || id === "mask";
    for (const name of ["fake", "real"]) element(name).setAttribute("aria-disabled", String(!answerable));
  }

  function say(text) { element("live").textContent = text; }

  function welcome() {
    phase = "none";
    sitting = null;
    saved = true;
    element("who").value = "";
    only("welcome");
    look();
  }

  function listSittings() {
    const list = element("sittings");
    list.replaceChildren(...sittings.map(sittingLine));
    list.hidden = sittings.length === 0;
    element("start").textContent = unfinished() ? "Start a new test" : "Begin";
    element("start").classList.toggle("main", !unfinished());
    if (!unfinished()) element("start").append(" ", keyCap("Space"));
  }

  function sittingLine(one) {
    const line = document.createElement("li");
    const text = document.createElement("span");
    const button = document.createElement("button");
    text.textContent = `${one.who || "Somebody"}: ${isDone(one) ? "finished" : `${one.answers.length} of ${total}`}`;
    button.type = "button";
    button.textContent = isDone(one) ? "Save" : "Resume";
    if (one.sitting === unfinished()?.sitting) {
      button.className = "main";
      button.append(" ", keyCap("Space"));
    }
    button.addEventListener("click", () => (isDone(one) ? finish(one) : goOn(one)));
    line.append(text, button);
    return line;
  }

  function keyCap(name) {
    const cap = document.createElement("kbd");
    cap.textContent = name;
    return cap;
  }

  function fit() {
    const longer = Math.max(test.width, test.height);
    const stage = element("stage");
    const border = window.innerHeight > 512 ? 56 : 16; // as the style has it
    const around = document.querySelector("main").offsetHeight - stage.offsetHeight + border; // what else is on the screen
    const room = Math.max(SMALLEST, Math.min(LARGEST, stage.clientWidth - 48, window.innerHeight - around));
    const dots = window.devicePixelRatio || 1;
    const whole = Math.floor(Math.min(room / longer, COARSEST) * dots); // screen dots for each pixel of the image
    const scale = whole >= 1 ? whole / dots : room / longer;
    stage.style.setProperty("--wide", `${test.width * scale}px`);
    stage.style.setProperty("--tall", `${test.height * scale}px`);
    element("picture").classList.toggle("pixels", whole >= 2);
  }

  function drawMask() {
    const context = element("mask").getContext("2d");
    const grain = context.createImageData(24, 24);
    let state = (sitting.answers.length + 1) * 2654435761; // any numbers do; the same ones for everybody
    for (let place = 0; place < grain.data.length; place += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const grey = 64 + (state >>> 25);
      grain.data.set([grey, grey, grey, 255], place);
    }
    context.putImageData(grain, 0, 0);
  }

  // ---- the test ----

  function begin(who) {
    const id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    goOn({ sitting: id, who: who.trim(), begun: new Date().toISOString(), finished: null, answers: [], looks: 0 });
  }

  function goOn(one) {
    sitting = one;
    keep(sitting);
    only("trial");
    element("trial").focus({ preventScroll: true });
    trial();
  }

  function trial() {
    const place = sitting.answers.length;
    if (place === total) {
      sitting.finished = new Date().toISOString();
      keep(sitting);
      finish(sitting);
      return;
    }
    element("bar").value = place;
    element("count").textContent = `${place + 1} of ${total}`;
    fit();
    say(`Image ${place + 1} of ${total}`);
    const picture = element("picture");
    ready = false;
    picture.src = `data:image/png;base64,${pictures[place]}`;
    picture.decode().then(() => { ready = true; }, () => { ready = true; });
    drawMask();
    enter("fixation", performance.now());
    onStage("cross");
    if (document.hidden) pause();
  }

  function enter(next, time) {
    phase = next;
    onset = time;
    cancelAnimationFrame(loop);
    loop = requestAnimationFrame(tick);
  }

  function tick(time) {
    if (phase === "fixation" && ready && time - onset >= FIXATION) {
      sitting.looks += 1;
      phase = "counting";
      keep(sitting).then(show); // a reload must not give a second first look
    } else if (phase === "picture" && shown > 0 && time - onset >= shown - FRAME) {
      phase = "mask";
      onStage("mask");
    }
    if (phase === "fixation" || (phase === "picture" && shown > 0)) loop = requestAnimationFrame(tick);
  }

  function show() {
    if (phase !== "counting") return; // paused meanwhile
    onStage("picture");
    enter("picture", performance.now());
  }

  function answer(choice) {
    if (phase !== "picture" && phase !== "mask") return;
    const ms = Math.max(0, Math.round((performance.now() - onset) * 10) / 10);
    sitting.answers.push({ answer: choice, ms, looks: sitting.looks });
    sitting.looks = 0;
    keep(sitting);
    const button = element(choice);
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), 160);
    trial();
  }

  function pause() {
    if (!["fixation", "counting", "picture", "mask"].includes(phase)) return;
    if (phase === "counting") sitting.looks -= 1; // it was not seen
    before = phase === "counting" ? "fixation" : phase;
    phase = "paused";
    pausedAt = performance.now();
    cancelAnimationFrame(loop);
    onStage("pause");
    say("Paused");
  }

  function unpause() {
    if (phase !== "paused") return;
    if (before === "fixation") {
      trial();
    } else {
      onStage(before);
      enter(before, onset + performance.now() - pausedAt);
    }
    element("trial").focus({ preventScroll: true });
  }

  // ---- the end ----

  function finish(one) {
    phase = "none";
    sitting = one;
    saved = false;
    only("end");
    const times = one.answers.map((answer) => answer.ms).sort((a, b) => a - b);
    const middle = (times[(total - 1) >> 1] + times[total >> 1]) / 2;
    element("answered").textContent = String(total);
    element("median").textContent = middle < 10000 ? `${(middle / 1000).toFixed(2)} s` : `${(middle / 1000).toFixed(0)} s`;
    element("text").value = answersText(one);
    element("saved").textContent = stored ? "They are also stored in this browser." : "";
    say(`Finished: ${total} images answered.`);
    element("save").focus({ preventScroll: true });
  }

  function answersText(one) {
    const { looks, ...rest } = one;
    return JSON.stringify({ ganeval_human, test, ...rest }, null, 1) + "\n";
  }

  function fileName(one) {
    const who = one.who.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || one.sitting.slice(0, 6);
    return `answers-${test.id.slice(0, 8)}-${who}.json`;
  }

  function save() {
    const link = document.createElement("a");
    const address = URL.createObjectURL(new Blob([answersText(sitting)], { type: "application/json" }));
    link.href = address;
    link.download = fileName(sitting);
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    saved = true;
    element("saved").textContent = `Saved as ${link.download}.`;
  }

  async function copy() {
    const text = element("text");
    text.select();
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      document.execCommand("copy"); // pages opened from a file may have no clipboard
    }
    saved = true;
    element("saved").textContent = "Copied.";
  }

  // ---- keys, buttons, and a tab that goes out of sight ----

  const ANSWERS = { ArrowLeft: "fake", f: "fake", ArrowRight: "real", r: "real" };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const native = /^(INPUT|TEXTAREA|BUTTON|SUMMARY)$/.test(event.target.tagName);
    const start = event.key === " " || event.key === "Enter";
    if (sitting === null) {
      if (!start || native || event.repeat) return;
      event.preventDefault();
      if (unfinished()) goOn(unfinished());
      else begin(element("who").value);
    } else if (phase === "paused") {
      if (!start || event.repeat || event.target.id === "go-on") return;
      event.preventDefault();
      unpause();
    } else if (phase !== "none") {
      const choice = ANSWERS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (choice === undefined) return;
      event.preventDefault();
      if (!event.repeat) answer(choice);
    }
  });
  element("begin").addEventListener("submit", (event) => {
    event.preventDefault();
    begin(element("who").value);
  });
  element("fake").addEventListener("click", () => answer("fake"));
  element("real").addEventListener("click", () => answer("real"));
  element("go-on").addEventListener("click", unpause);
  element("save").addEventListener("click", save);
  element("copy").addEventListener("click", copy);
  element("next").addEventListener("click", () => {
    if (stored || saved || window.confirm("These answers were not saved. Discard them?")) welcome();
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) pause(); });
  otherTabs.addEventListener("message", () => { if (sitting === null) look(); });
  window.addEventListener("resize", () => { if (sitting !== null) fit(); });
  window.addEventListener("beforeunload", (event) => {
    const lost = !stored && sitting !== null && !(isDone(sitting) && saved);
    if (lost) event.preventDefault();
  });

  welcome();
})();
