/**
 * Checking the shape of data from outside, with sentences that say what is wrong.
 */
import { z } from "zod";
import { PrimError } from "../base/errors.ts";

/** A string of at most `bytesMax` bytes of UTF-8. */
export function boundedText(bytesMax: number) {
  return z
    .string()
    .refine(
      (text) => text.length <= bytesMax && Buffer.byteLength(text) <= bytesMax,
      `must be at most ${bytesMax} bytes`,
    );
}

/**
 * Checks data against a schema.
 *
 * @throws {PrimError} `invalid_argument`, naming up to three faults.
 */
export function check<Shape extends z.ZodType>(shape: Shape, data: unknown): z.output<Shape> {
  const outcome = shape.safeParse(data);
  if (outcome.success) return outcome.data;
  const faults = outcome.error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `"${path.join(".")}" ${sentence(message)}`));
  throw illegal(faults.join("; "));
}

export function illegal(what: string): PrimError {
  return new PrimError("invalid_argument", `Illegal parameter: ${what}`);
}

/** zod says "Invalid input: expected string, received number": the first two words add nothing. */
function sentence(message: string): string {
  return message.replace(/^Invalid input: /, "");
}
