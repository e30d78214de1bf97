/**
 * Checks requests against the rules that the proto files declare (buf.validate), before an implementation
 * sees them. It knows no rule itself.
 */
import { create, type DescMessage, type DescService, type Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Validator, type Violation } from "@bufbuild/protovalidate";
import type { Interceptor } from "@connectrpc/connect";
import { type FieldViolation, invalidRequest } from "./errors.ts";

/**
 * Checks each message a caller sends, on streams too. A message that breaks a rule ends the call with
 * `invalid_argument` and the violations as details.
 *
 * Compiles the rules of all requests of `services` now: the first use of the rule engine takes some 70 ms
 * (Bun 1.4.5, 2-core EPYC), a check after that 1 to 2 us for a message of chat.
 *
 * @throws {Error} if a rule in a proto file can't be compiled.
 */
export function validationInterceptor(services: readonly DescService[]): Interceptor {
  const validator = createValidator();
  for (const { input } of services.flatMap((service) => service.methods)) {
    const result = validator.validate(input, create(input));
    if (result.kind === "error") throw result.error;
  }
  return (next) => (request) => {
    const { input } = request.method;
    if (request.stream) return next({ ...request, message: checkEach(validator, input, request.message) });
    check(validator, input, request.message);
    return next(request);
  };
}

async function* checkEach<T extends Message>(
  validator: Validator,
  input: DescMessage,
  messages: AsyncIterable<T>,
) {
  for await (const message of messages) {
    check(validator, input, message);
    yield message;
  }
}

function check(validator: Validator, input: DescMessage, message: Message): void {
  const result = validator.validate(input, message);
  if (result.kind === "invalid") throw invalidRequest(result.violations.map(toFieldViolation));
  if (result.kind === "error") throw result.error;
}

function toFieldViolation(violation: Violation): FieldViolation {
  return { field: pathToString(violation.field), description: violation.message, reason: violation.ruleId };
}
