// Dark or light as chosen in the admin; else as the system has it.
(() => {
  try {
    const chosen = JSON.parse(localStorage.getItem("adminTheme"));
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  } catch {
    // Nothing was chosen, or nothing may be kept here.
  }
})();
