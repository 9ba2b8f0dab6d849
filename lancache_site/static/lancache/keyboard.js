// Unfold opens menus by clicks on elements that no key reaches: let keys reach them.
(() => {
  const CLICKED = "[x-on\\:click], [\\@click]";
  const REACHED = "a[href], button, input, select, textarea, label";

  const reach = (root) => {
    for (const element of root.querySelectorAll(CLICKED)) {
      if (element.matches(REACHED) || element.querySelector(REACHED)) continue;
      element.tabIndex = 0;
      element.setAttribute("role", "button");
    }
  };

  document.addEventListener("DOMContentLoaded", () => reach(document));
  document.addEventListener("htmx:load", (event) => reach(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    if (!event.target.matches("[role=button]:not(button)")) return;
    event.preventDefault();
    event.target.click();
  });
})();
