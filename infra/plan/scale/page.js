// The moment that is looked at: a line through every chart, and what was so then, in words.
const data = JSON.parse(document.getElementById("samples").textContent);
const range = document.getElementById("moment");
const output = document.getElementById("then");
function show() {
  const at = Number(range.value);
  document.querySelectorAll(".cursor").forEach((line) => {
    const x = data.left + (data.width * at) / data.count;
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    line.style.visibility = "visible";
  });
  output.replaceChildren(...data.rows[at].map((text) => {
    const span = document.createElement("span");
    span.textContent = text;
    return span;
  }));
  range.setAttribute("aria-valuetext", data.rows[at].join(", "));
}
range.addEventListener("input", show);
document.querySelectorAll("svg.chart").forEach((svg) => {
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * data.whole - data.left;
    range.value = Math.max(0, Math.min(data.count - 1, Math.floor((x / data.width) * data.count)));
    show();
  });
});
show();
