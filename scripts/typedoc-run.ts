/**
 * Runs TypeDoc over the SDK: `bun scripts/typedoc-run.ts OUT_DIR`. A process of its own, because TypeDoc wants the JavaScript API of
 * TypeScript 6, which TypeScript 7 has no more, and is given it here under the name it asks for.
 */
import { join } from "node:path";
import * as typescript6 from "@typescript/typescript6";
import { ROOT } from "./command.ts";

const [outDir = ""] = process.argv.slice(2);

Bun.plugin({
  name: "typescript-6",
  setup(build) {
    const exports = { ...typescript6, default: typescript6 };
    build.module("typescript", () => ({ exports, loader: "object" }));
  },
});

const MARKDOWN = {
  outputFileStrategy: "modules",
  entryFileName: "README",
  hidePageHeader: true,
  hideBreadcrumbs: true,
  hidePageTitle: true,
  useCodeBlocks: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeDeclarationFormat: "table",
  tableColumnSettings: {
    hideDefaults: true,
    hideInherited: true,
    hideModifiers: true,
    hideOverrides: true,
    hideSources: true,
  },
};

const { Application } = await import("typedoc");
const app = await Application.bootstrapWithPlugins({
  plugin: ["typedoc-plugin-markdown"],
  entryPoints: [join(ROOT, "src/client/index.ts")],
  tsconfig: join(ROOT, "tsconfig.json"),
  out: outDir,
  readme: "none",
  disableSources: true,
  disableGit: true,
  excludePrivate: true,
  excludeExternals: true,
  githubPages: false,
  sort: ["kind", "alphabetical"],
  // `tsc` checks the types, and it is another version.
  skipErrorChecking: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: [
    ...["Class", "Constructor", "Accessor", "Method", "Property", "Interface", "TypeAlias"],
    ...["Function", "Variable", "EnumMember"],
  ] as never,
  logLevel: "Warn",
  ...MARKDOWN,
});
const project = await app.convert();
if (project !== undefined) {
  app.validate(project);
  await app.generateOutputs(project);
}
process.exit(project === undefined || app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0);
