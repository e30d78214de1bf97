/**
 * What the doors and the gate know of a call beside its request: where it came from, and whose login it shows.
 */
import { type ContextValues, createContextKey, createContextValues } from "@connectrpc/connect";
import type { Login } from "./login-book.ts";

/** Address of the client, or of a proxy before it that is not trusted; empty if unknown. */
export const REMOTE_ADDRESS = createContextKey("");

/** Set by the gate for calls of ChatService, except Login. */
export const LOGIN = createContextKey<Login | undefined>(undefined);

export function valuesOfCall(remoteAddress: string): ContextValues {
  return createContextValues().set(REMOTE_ADDRESS, remoteAddress);
}
