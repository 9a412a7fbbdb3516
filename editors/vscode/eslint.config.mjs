import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

const readonly = (...names) => Object.fromEntries(names.map((name) => [name, "readonly"]));
const node = readonly("URL", "console", "fetch", "process", "setTimeout");
/** What scenarios refer to in what they have the page evaluate. */
const browser = readonly("document", "navigator");

export default tseslint.config(
  { ignores: ["dist/", "node_modules/"] },
  eslint.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: { ...node, ...browser } },
  },
);
