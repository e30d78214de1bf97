/**
 * The gate of ChatService: finds the login that a call's token stands for, before the request is read.
 */
import type { HandlerContext } from "@connectrpc/connect";
import type { Clock } from "../../base/clock.ts";
import { PrimError } from "../../base/errors.ts";
import { ChatService } from "../../gen/prim/v1/chat_service_pb.ts";
import { LOGIN } from "./call-values.ts";
import type { LoginBook } from "./login-book.ts";
import { tokenOf } from "./token-routing.ts";

export interface ChatGateParts {
  readonly logins: LoginBook;
  readonly clock: Clock;
  /** Calls of one login, as many as frames of one session. */
  readonly callsPerSecond: number;
}

/** @returns a gate that lets calls of other services pass. */
export function createChatGate({ logins, clock, callsPerSecond }: ChatGateParts) {
  return ({ service, method, requestHeader, values }: HandlerContext): void => {
    if (service.typeName !== ChatService.typeName || method === ChatService.method.login) return;
    const token = tokenOf(requestHeader);
    const login = token === undefined ? undefined : logins.find(token);
    if (login === undefined) {
      throw new PrimError("unauthenticated", "Cannot call: the token is missing or not valid, log in");
    }
    if (!login.countCall(clock.now(), callsPerSecond)) {
      throw new PrimError(
        "resource_exhausted",
        `Cannot call: more than ${callsPerSecond} calls in a second`,
        {
          reason: "TOO_MANY_REQUESTS",
        },
      );
    }
    values.set(LOGIN, login);
  };
}
