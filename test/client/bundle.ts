/**
 * The SDK as a page gets it: one minified file.
 */
import { join } from "node:path";
import { ROOT } from "../../scripts/command.ts";

/** @param entry a file of src/client. @param minify false leaves the names of the files in. */
export async function bundle(entry: string, minify = true): Promise<string> {
  const entrypoints = [join(ROOT, "src/client", entry)];
  const { outputs } = await Bun.build({ entrypoints, target: "browser", minify });
  const [output] = outputs;
  if (output === undefined) throw new Error(`Nothing was built of ${entry}`);
  return output.text();
}
