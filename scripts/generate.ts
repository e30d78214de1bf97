/**
 * `bun run generate`: makes src/gen from proto/, the documents of the settings from their table, and the
 * SDK's reference from its doc comments.
 */
import { ROOT } from "./command.ts";
import { generateInto } from "./generated-code.ts";
import { writeSdkReference } from "./sdk-reference.ts";
import { writeSettingsDocuments } from "./settings-documents.ts";

const { exitCode, output } = await generateInto(ROOT);
if (output !== "") console.log(output);
if (exitCode === 0) {
  await writeSettingsDocuments(ROOT);
  await writeSdkReference(ROOT);
}
process.exitCode = exitCode;
