// Keys for everything that the mouse does on the list. Without this file every page works all the same.
"use strict";

const typing = (at) => at.closest("input:not([type=checkbox]):not([type=radio]), select, textarea");
const people = () => [...document.querySelectorAll(".people .person a")];

function move(step) {
  const all = people();
  const now = document.activeElement.closest("tr");
  const place = all.findIndex((link) => link.closest("tr") === now);
  const next = all[Math.max(0, Math.min(all.length - 1, place < 0 ? (step > 0 ? 0 : all.length - 1) : place + step))];
  if (next) next.focus();
}

function choose() {
  const row = document.activeElement.closest("tr");
  const box = row && row.querySelector("input[type=checkbox]");
  if (box) box.checked = !box.checked;
}

function follow(selector) {
  const link = document.querySelector(selector);
  if (link) link.click();
  return Boolean(link);
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: choose,
  c: () => follow("[data-first]"),
  n: () => follow("[data-next]"),
  b: () => follow("[data-back]"),
  "/": () => { const box = document.querySelector("#q"); if (box) box.focus(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const does = KEYS[event.key];
  if (does) { event.preventDefault(); does(); }
});

// a filter that is asked for after the session ended leads to the sign-in and back
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status !== 401) return;
  const here = location.pathname + location.search;
  location.assign(`${location.pathname.replace(/\/+$/, "")}/sign-in?back=${encodeURIComponent(here)}`);
});

// a form that is sent is not sent again by an impatient second click
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));
