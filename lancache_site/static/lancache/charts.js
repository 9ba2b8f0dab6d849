// Charts of bandwidth: the last ten minutes as they pass, and what was before.
// Numbers are bytes per second; what one reads is in the units and the zone of the page.
(() => {
  const page = document.querySelector("[data-zone]");
  const inBits = page.dataset.bits === "1";
  const base = Number(page.dataset.base);
  const prefixes = base === 1024 ? ["", "Ki", "Mi", "Gi", "Ti"] : ["", "k", "M", "G", "T"];
  const TEN_MINUTES = 600_000;
  // For each interface: to the clients, and the other way. The same in dark and light.
  const COLOURS = [["#0d9488", "#f59e0b"], ["#3b82f6", "#a855f7"], ["#65a30d", "#ec4899"], ["#0891b2", "#f97316"]];
  const GREY = "#9ca3af";
  const GRID = "rgba(156, 163, 175, 0.2)";

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;

  const rate = (bytes, short = false) => {
    let value = inBits ? bytes * 8 : bytes;
    let power = 0;
    while (value >= base && power < prefixes.length - 1) {
      value /= base;
      power += 1;
    }
    const places = power < 3 ? Math.min(power, 1) : inBits ? 3 : 2;
    const number = short ? String(Number(value.toFixed(places))) : value.toFixed(places);
    return `${number} ${prefixes[power]}${inBits ? "bit" : "B"}/s`;
  };

  const written = (options) => {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: page.dataset.zone, ...options });
    return (at) => format.format(at);
  };
  const clock = written({ hour: "2-digit", minute: "2-digit" });
  const seconds = written({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const day = written({ day: "numeric", month: "short" });
  const moment = written({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const fields = written({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });

  // How far the page's clock is before UTC, so that ticks stand on its whole hours.
  const offset = (at) => {
    const [d, m, y, h, min, s] = fields(at).match(/\d+/g).map(Number);
    return Date.UTC(y, m - 1, d, h, min, s) - Math.floor(at / 1000) * 1000;
  };

  const STEPS = [1, 2, 5, 10, 30, 60, 180, 360, 720, 1440, 2880, 7200, 14400].map((minutes) => minutes * 60_000);
  const timeTicks = (axis) => {
    const most = Math.max(3, Math.min(8, Math.floor(axis.width / 90)));
    const step = STEPS.find((one) => (axis.max - axis.min) / one <= most) ?? STEPS.at(-1);
    const shift = offset(axis.min);
    axis.ticks = [];
    for (let at = Math.ceil((axis.min + shift) / step) * step - shift; at <= axis.max; at += step) axis.ticks.push({ value: at });
  };

  // Round steps in the reader's units, not in bytes.
  const rateStep = (most) => {
    const factor = inBits ? 8 : 1;
    const value = Math.max(most * factor, 1);
    const unit = base ** Math.floor(Math.log(value) / Math.log(base));
    const rough = value / unit / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    return ([1, 2, 2.5, 5, 10].find((one) => one * power >= rough) * power * unit) / factor;
  };
  // From all points, whatever the chart has drawn before.
  const scale = (chart) => {
    let most = 0;
    for (const { data } of chart.data.datasets) for (const point of data) if (point.y > most) most = point.y;
    const step = rateStep(most);
    Object.assign(chart.options.scales.y, { min: 0, max: Math.max(1, Math.ceil((most * 1.02) / step)) * step });
    chart.rateStep = step;
  };
  const rateTicks = (axis) => {
    axis.ticks = [];
    for (let value = 0; value <= axis.max * 1.001; value += axis.chart.rateStep ?? axis.max) axis.ticks.push({ value });
  };

  const drawn = (canvas, tickText, tipText) =>
    new Chart(canvas, {
      type: "line",
      data: { datasets: [] },
      options: {
        animation: false, parsing: false, normalized: true, maintainAspectRatio: false,
        interaction: { mode: "nearest", axis: "x", intersect: false },
        elements: { point: { radius: 0, hitRadius: 8 }, line: { borderWidth: 2, borderJoinStyle: "round" } },
        plugins: {
          legend: { align: "end", labels: { color: GREY, boxWidth: 10, boxHeight: 2, filter: (item) => item.text !== "" } },
          tooltip: {
            filter: (item) => item.dataset.tip !== undefined,
            callbacks: { title: (items) => (items.length ? tipText(items[0].parsed.x) : ""), label: (item) => `${item.dataset.tip}: ${rate(item.parsed.y)}` },
          },
        },
        scales: {
          x: { type: "linear", grid: { display: false }, border: { color: GRID }, afterBuildTicks: timeTicks, ticks: { color: GREY, maxRotation: 0, autoSkip: false, callback: tickText } },
          y: { grid: { color: GRID }, border: { display: false }, afterBuildTicks: rateTicks, ticks: { color: GREY, callback: (value) => rate(value, true) } },
        },
      },
    });

  const named = (line, many) => (many ? [`${line.interface} to the clients`, `${line.interface}, the other way`] : ["To the clients", "From the internet"]);
  const series = (label, colour, data, more = {}) => ({ label, tip: label, data, borderColor: colour, backgroundColor: `${colour}1f`, ...more });

  // The last ten minutes: a line for each interface and way, gone on with each sample.
  const drawMinutes = (canvas) => {
    const now = drawn(canvas, (at) => clock(at), seconds);
    const interval = Number(document.getElementById("status").dataset.interval);
    let lines = new Map();
    let drawnAt = -Infinity;
    let last = 0;

    document.addEventListener("lancache:chart", ({ detail }) => {
      if (detail.whole) {
        lines = new Map();
        last = 0;
      }
      for (const [place, second] of detail.at.entries()) {
        const at = second * 1000;
        // Nothing was read meanwhile: a gap, not a line across it.
        if (last && at - last > 2.5 * interval + 500) for (const one of lines.values()) for (const way of one.ways) way.push({ x: at - 1, y: null });
        last = at;
        for (const line of detail.lines) {
          const key = `${line.source}\n${line.interface}`;
          if (!lines.has(key)) lines.set(key, { ...line, ways: [[], []] });
          const [down, up] = lines.get(key).ways;
          down.push({ x: at, y: line.download[place] });
          up.push({ x: at, y: line.upload[place] });
        }
      }
      // Faster than once a second the eye gains nothing; unseen, nobody does.
      if (detail.whole || (!document.hidden && performance.now() - drawnAt > 900)) redraw();
    });
    document.addEventListener("visibilitychange", () => document.hidden || redraw());

    const redraw = () => {
      drawnAt = performance.now();
      const since = last - TEN_MINUTES;
      for (const [key, line] of lines) {
        line.ways = line.ways.map((way) => (way[0]?.x < since ? way.filter((point) => point.x >= since) : way));
        if (!line.ways[0].length) lines.delete(key);
      }
      now.data.datasets = [...lines.values()].flatMap((line, index) =>
        line.ways.map((way, side) => series(named(line, lines.size > 1)[side], COLOURS[index % COLOURS.length][side], way, { fill: side === 0 })),
      );
      Object.assign(now.options.scales.x, { min: since, max: last });
      scale(now);
      now.update("none");
    };
  };
  if (document.getElementById("now-chart")) drawMinutes(document.getElementById("now-chart"));

  // Before: means and maxima, with the peak of each line marked.
  const past = drawn(document.getElementById("past-chart"), function (at) {
    return this.max - this.min > 2 * 86_400_000 ? day(at) : clock(at);
  }, moment);
  const ranges = document.getElementById("ranges");
  const peaks = document.getElementById("peaks");
  let asked = 0;

  const show = (told) => {
    const points = (rates) => rates.map((value, place) => ({ x: (told.start + place * told.step) * 1000, y: value }));
    const found = [];
    past.data.datasets = told.lines.flatMap((line, index) =>
      ["download", "upload"].flatMap((way, side) => {
        const colour = COLOURS[index % COLOURS.length][side];
        const name = named(line, told.lines.length > 1)[side];
        const peak = line.peaks[way];
        if (peak) found.push(`${name}: at most ${peak.rate}, ${peak.moment}`);
        const mark = peak ? [{ x: peak.at * 1000, y: peak.bytesPerSecond }] : [];
        return [
          series(name, colour, points(line[way]), { fill: side === 0 }),
          { label: "", data: points(line[`${way}Most`]), borderColor: `${colour}66`, borderWidth: 1 },
          series("", colour, mark, { tip: `Peak, ${name}`, pointRadius: 5, pointBorderWidth: 2, pointBackgroundColor: colour, pointBorderColor: "#fff", showLine: false }),
        ];
      }),
    );
    Object.assign(past.options.scales.x, { min: told.start * 1000, max: (told.start + told.count * told.step) * 1000 });
    scale(past);
    past.update("none");
    const items = found.length ? found : ["Nothing was read in that time."];
    if (told.note) items.push(told.note);
    peaks.replaceChildren(...items.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  };

  const ask = async () => {
    const mine = ++asked;
    const range = ranges.querySelector("input:checked").value;
    try {
      const answer = await fetch(`${ranges.dataset.url}?range=${range}`);
      if (answer.ok && mine === asked) show(await answer.json());
    } catch {
      // The server is away, as the page says; it is asked again below.
    }
  };
  ranges.addEventListener("change", ask);
  document.addEventListener("htmx:wsOpen", ask);
  setInterval(() => document.hidden || ask(), 60_000);
  ask();
})();
