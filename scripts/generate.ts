/**
 * `bun run generate`: makes src/gen from proto/.
 */
import { ROOT } from "./command.ts";
import { generateInto } from "./generated-code.ts";

const { exitCode, output } = await generateInto(ROOT);
if (output !== "") console.log(output);
process.exitCode = exitCode;
