"use strict"; // before anything is shown: the theme that was chosen, and room for the controls
{
  const root = document.documentElement;
  root.classList.add("js");
  try { // a page from disk may have no storage
    const theme = localStorage.getItem("epochreel-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch { /* as the system has it */ }
}
