"use strict";

const root = document.getElementById("docs");
SwaggerUIBundle({ url: root.dataset.document, domNode: root, deepLinking: true });
