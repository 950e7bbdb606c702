// The pages' scripts, and their tests. Prettier formats; tsc checks types (tsconfig.json).
import js from "@eslint/js";
import globals from "globals";

export default [
  {
    ignores: [
      "**/node_modules/",
      "**/staticfiles/",
      "var/",
      "sdk/node/dist/",
      ".venv/",
      "tests/contract/",
      "**/vendor/",
    ],
  },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    rules: {
      "array-callback-return": "error",
      "consistent-return": "off", // handlers return early with what they called
      eqeqeq: ["error", "always"],
      "no-implicit-globals": "error",
      "no-shadow": ["error", { builtinGlobals: false }],
      "no-throw-literal": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "all" }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["**/static/**/*.js", "**/static_files/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.name='fetch']",
          message: "Use request() of requests.js: it ends, and fails with a sentence to show.",
        },
        {
          selector: "NewExpression[callee.name='XMLHttpRequest']",
          message: "Use upload() of upload.js.",
        },
        {
          selector: "MemberExpression[object.name='Promise'][property.name='withResolvers']",
          message: "Safari before 17.4 has no Promise.withResolvers.",
        },
      ],
    },
  },
  {
    files: ["**/requests.js", "**/upload.js"],
    rules: { "no-restricted-syntax": "off" },
  },
  {
    files: ["**/pcm-worklet.js"],
    languageOptions: { globals: globals.audioWorklet },
  },
  {
    files: ["**/service-worker.js"],
    languageOptions: { globals: globals.serviceworker },
  },
  {
    files: ["tests/js/**", "*.config.js"],
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
  },
];
