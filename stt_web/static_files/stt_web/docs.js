"use strict";

// Swagger UI has dark colours of its own, behind a class.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);

const root = document.getElementById("docs");
SwaggerUIBundle({ url: root?.dataset.document, domNode: root, deepLinking: true });
