// A cross-hair over all charts of time, and zoom by dragging. The charts are complete without it.
(() => {
  "use strict";
  const { start_ms: start, span_ms: span, panels } = JSON.parse(document.getElementById("numbers").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const tip = document.getElementById("tip");
  const reset = document.getElementById("reset");
  let from = 0, to = span, pressed = null;

  const make = (parent, name, attributes, text) => {
    const node = parent.appendChild(document.createElementNS(SVG, name));
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const write = (value, decimals) => value
    .toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    .replace("-", "\u2212");
  const clock = (t) => new Date(start + t).toISOString().slice(0, 23).replace("T", " ");
  // The last point at or before t.
  const holding = (panel, t) => {
    let low = 0, high = panel.t.length;
    while (low < high) { const mid = (low + high) >> 1; if (panel.t[mid] <= t) low = mid + 1; else high = mid; }
    return low - 1;
  };
  const roundStep = (range, wanted) => {
    const power = Math.pow(10, Math.floor(Math.log10(range / wanted)));
    const times = [1, 2, 5, 10].find((m) => m * power >= range / wanted * 0.999) || 10;
    return times * power;
  };
  const MS = [1, 5, 10, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5,
    108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 12096e5, 2592e6, 7776e6, 31536e6];

  const draw = (panel) => {
    const { svg, plot: [left, top, width, height], t, v } = panel;
    const first = Math.max(0, holding(panel, from)), last = holding(panel, to);
    let low = Infinity, high = -Infinity;
    for (let i = first; i <= last; i++) { low = Math.min(low, v[i]); high = Math.max(high, v[i]); }
    const marks = panel.marks.filter((m) => m[0] >= from && m[0] <= to);
    for (const m of marks) { low = Math.min(low, m[1]); high = Math.max(high, m[1]); }
    // Zoomed in, a line may leave zero behind; an area may not.
    if (panel.filled || (panel.zero && from === 0 && to === span)) { low = Math.min(low, 0); high = Math.max(high, 0); }
    if (!(low < high)) { low = (isFinite(low) ? low : 0) - 0.5; high = low + 1; }
    const room = (high - low) * 0.06; low -= room; high += room;
    const x = (at) => left + (at - from) / (to - from) * width;
    const y = (value) => top + (1 - (value - low) / (high - low)) * height;

    const gy = svg.querySelector(".gy"); gy.textContent = "";
    const step = roundStep(high - low, height > 150 ? 6 : 3);
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (let k = Math.ceil(low / step); k * step <= high; k++) {
      const at = y(k * step).toFixed(1);
      make(gy, "line", { class: k === 0 ? "zero" : "grid", x1: left, x2: left + width, y1: at, y2: at });
      make(gy, "text", { class: "ty", x: left - 8, y: (+at + 3.8).toFixed(1) }, write(k * step || 0, decimals));
    }
    const gx = svg.querySelector(".gx"); gx.textContent = "";
    const wide = MS.find((s) => (to - from) / s <= 9) || MS[MS.length - 1];
    for (let k = Math.ceil((start + from) / wide); k * wide <= start + to; k++) {
      const at = x(k * wide - start).toFixed(1), iso = new Date(k * wide).toISOString();
      const label = wide >= 864e5 || k * wide % 864e5 === 0 ? iso.slice(0, 10)
        : wide >= 6e4 ? iso.slice(11, 16) : wide >= 1e3 ? iso.slice(11, 19) : iso.slice(11, 23);
      make(gx, "line", { class: "axis", x1: at, x2: at, y1: top + height, y2: top + height + 4 });
      make(gx, "text", { class: "tx", x: at, y: top + height + 17 }, label);
    }
    let path = "";
    for (let i = first; i <= last; i++) {
      const px = x(Math.max(t[i], from)).toFixed(1), py = y(v[i]).toFixed(1);
      path += i === first ? `M${px} ${py}` : `H${px}V${py}`;
    }
    if (path) path += `H${x(to).toFixed(1)}`;
    svg.querySelector("path.line").setAttribute("d", path);
    const area = svg.querySelector("path.area");
    if (area && path) {
      const base = y(0).toFixed(1);
      area.setAttribute("d", `M${x(Math.max(t[first], from)).toFixed(1)} ${base}L${path.slice(1)}V${base}Z`);
    }
    const group = svg.querySelector("path.line").parentNode;
    for (const old of group.querySelectorAll(".mark")) old.remove();
    for (const [at, price, side, size, note] of marks) {
      const px = x(at), py = y(price) + side, foot = (py + size * side * 1.7).toFixed(1);
      const d = `M${px.toFixed(1)} ${py.toFixed(1)}L${(px + size * .9).toFixed(1)} ${foot}`
        + `H${(px - size * .9).toFixed(1)}Z`;
      make(make(group, "path", { class: `mark ${side > 0 ? "buy" : "sell"}`, d }), "title", {}, note);
    }
  };
  const zoom = (a, b) => {
    from = a; to = b;
    reset.hidden = from === 0 && to === span;
    panels.forEach(draw);
  };

  const timeAt = (panel, event) => {
    const box = panel.svg.getBoundingClientRect(), [left, , width] = panel.plot;
    const px = (event.clientX - box.left) / box.width * panel.svg.viewBox.baseVal.width;
    return from + Math.min(1, Math.max(0, (px - left) / width)) * (to - from);
  };
  const place = (panel, t) => panel.plot[0] + (t - from) / (to - from) * panel.plot[2];
  const hover = (panel, event) => {
    const t = timeAt(panel, event);
    for (const each of panels) {
      const px = place(each, t);
      each.hair.setAttribute("x1", px); each.hair.setAttribute("x2", px); each.hair.style.display = "";
      const swept = pressed !== null ? place(each, pressed) : px;
      each.sweep.setAttribute("x", Math.min(px, swept)); each.sweep.setAttribute("width", Math.abs(px - swept));
    }
    tip.textContent = "";
    tip.appendChild(document.createElement("b")).textContent = `${clock(t)} UTC`;
    for (const each of panels) {
      const at = holding(each, t);
      const row = tip.appendChild(document.createElement("span"));
      row.appendChild(document.createElement("i")).textContent = each.name;
      row.appendChild(document.createElement("span")).textContent = at < 0 ? "\u2013" : write(each.v[at], each.decimals);
    }
    tip.style.display = "block";
    const right = event.clientX + 18 + tip.offsetWidth > innerWidth;
    tip.style.left = `${right ? event.clientX - 18 - tip.offsetWidth : event.clientX + 18}px`;
    tip.style.top = `${Math.max(6, Math.min(innerHeight - tip.offsetHeight - 6, event.clientY + 14))}px`;
  };
  const leave = () => {
    tip.style.display = "none";
    for (const each of panels) { each.hair.style.display = "none"; each.sweep.setAttribute("width", 0); }
  };

  for (const panel of panels) {
    panel.svg = document.getElementById(panel.id);
    const [, top, , height] = panel.plot;
    panel.sweep = make(panel.svg, "rect", { class: "sweep", y: top, height, width: 0 });
    panel.hair = make(panel.svg, "line", { class: "hair", y1: top, y2: top + height });
    panel.hair.style.display = "none";
    panel.svg.addEventListener("pointermove", (event) => hover(panel, event));
    panel.svg.addEventListener("pointerleave", () => { pressed = null; leave(); });
    panel.svg.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.pointerType !== "touch") { pressed = timeAt(panel, event); event.preventDefault(); }
    });
    panel.svg.addEventListener("pointerup", (event) => {
      if (pressed === null) return;
      const [a, b] = [pressed, timeAt(panel, event)].sort((p, q) => p - q);
      pressed = null;
      if (b - a > (to - from) / 200 && b - a > 0.01) zoom(a, b);
      leave();
    });
    panel.svg.addEventListener("dblclick", () => zoom(0, span));
  }
  reset.addEventListener("click", () => zoom(0, span));
  document.getElementById("hint").hidden = false;
})();
