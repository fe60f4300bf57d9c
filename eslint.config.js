import js from "@eslint/js";

export default [
  { files: ["service/web/**/*.js", "service/site/assets/*.js", "eslint.config.js"] },
  { ignores: ["*", "!service", "!eslint.config.js", "service/*", "!service/web", "!service/site"] },
  js.configs.recommended,
  {
    rules: {
      "max-len": ["error", { code: 120 }],
      "max-lines": ["error", 300],
      "no-undef": "off", // TypeScript knows what a browser has
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
    },
  },
];
