/**
 * Parts: programs which some tests need and npm can't install. One line each; `bun run verify` installs what
 * is missing where it can, and test/parts.ts gives the tests their paths.
 */
import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, join } from "node:path";

export interface Part {
  readonly name: string;
  /** Names to look for on PATH, or whole paths; the first one found is used. */
  readonly binaries: readonly string[];
  /** Debian packages that bring it. */
  readonly debian: readonly string[];
  /** Commands that bring it where no Debian package does; they run after the packages are installed. */
  readonly commands?: readonly (readonly string[])[];
}

const MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

export const PARTS = [
  { name: "node", binaries: ["node"], debian: ["nodejs"] },
  { name: "chromium", binaries: ["chromium", "google-chrome", MAC_CHROME], debian: ["chromium"] },
  { name: "nginx", binaries: ["nginx"], debian: ["nginx"] },
  { name: "systemd-analyze", binaries: ["systemd-analyze"], debian: ["systemd"] },
  { name: "openssl", binaries: ["openssl"], debian: ["openssl"] },
  { name: "redis-server", binaries: ["redis-server"], debian: ["redis-server"] },
  {
    name: "grpcurl",
    binaries: ["grpcurl", join(homedir(), "go", "bin", "grpcurl")],
    debian: [],
    commands: [["go", "install", "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4"]],
  },
] as const satisfies readonly Part[];

export type PartName = (typeof PARTS)[number]["name"];

/** The variable that overrules the search: the path of the part, or empty to do without it. */
export function partVariable(part: Part): string {
  return `PRIM_TEST_${part.name.toUpperCase().replaceAll("-", "_")}`;
}

/** The path of a part's binary; undefined if this machine doesn't have it. */
export function findPart(part: Part, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = env[partVariable(part)];
  if (given !== undefined) return isExecutable(given) ? given : undefined;
  for (const binary of part.binaries) {
    if (binary.includes("/")) {
      if (isExecutable(binary)) return binary;
      continue;
    }
    const found = searchFolders(env)
      .map((folder) => join(folder, binary))
      .find(isExecutable);
    if (found !== undefined) return found;
  }
  return undefined;
}

function searchFolders(env: NodeJS.ProcessEnv): string[] {
  const onPath = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  // Bun puts a folder of its own on PATH in which `node` is Bun.
  const real = onPath.filter((folder) => !basename(folder).startsWith("bun-node"));
  // Servers live in sbin, which is not on everybody's PATH; `go install` writes to ~/go/bin.
  return [...real, "/usr/sbin", "/usr/local/sbin", join(env["HOME"] ?? "/", "go/bin")];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // Missing or not ours to run: to the tests it is the same.
  }
}
