/**
 * `bun run generate`: makes src/gen from proto/, and the documents of the settings from their table.
 */
import { ROOT } from "./command.ts";
import { generateInto } from "./generated-code.ts";
import { writeSettingsDocuments } from "./settings-documents.ts";

const { exitCode, output } = await generateInto(ROOT);
if (output !== "") console.log(output);
if (exitCode === 0) await writeSettingsDocuments(ROOT);
process.exitCode = exitCode;
