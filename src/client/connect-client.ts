/**
 * ConnectClient: calls of the Connect protocol with JSON, by fetch alone (https://connectrpc.com/docs/protocol). It knows addresses,
 * headers and framing; what the calls mean is not its business.
 */
import { ConnectFailure } from "./connect-failure.ts";
import { EnvelopeReader, enveloped } from "./envelopes.ts";
import { STREAM_MESSAGE_BYTES_MAX } from "./limits.ts";

/** What the SDK needs of `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ConnectCall {
  /** With the service: "prim.v1.ChatService/Send". */
  readonly method: string;
  readonly body: unknown;
  readonly token?: string | undefined;
  readonly signal: AbortSignal;
}

export type Json = Readonly<Record<string, unknown>>;

export class ConnectClient {
  readonly #baseUrl: string;
  readonly #fetch: Fetch;

  /** @param baseUrl http:// or https://, with a path if a proxy puts one before. */
  constructor(baseUrl: string, fetch: Fetch) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#fetch = fetch;
  }

  /** @throws {ConnectFailure} what the server says. @throws {Error} if nothing that prim says came back. */
  async call({ method, body, token, signal }: ConnectCall): Promise<Json> {
    const headers = headersOf("application/json", token);
    const response = await this.#post(method, { headers, body: JSON.stringify(body), signal });
    const text = await response.text();
    const answer = parse(text);
    if (response.ok && answer !== undefined) return answer;
    throw ConnectFailure.fromJson(answer) ?? new Error(`HTTP ${response.status} from ${method}`);
  }

  /**
   * The messages of a server stream as they come; it ends when the server says so.
   *
   * @param onWord is called for whatever arrives.
   * @throws {ConnectFailure} how the server ended it. @throws {Error} if it broke off.
   */
  async *stream({ method, body, token, signal }: ConnectCall, onWord: () => void): AsyncGenerator<Json> {
    const headers = headersOf("application/connect+json", token);
    const response = await this.#post(method, { headers, body: enveloped(JSON.stringify(body)), signal });
    if (!response.ok || response.body === null) {
      throw ConnectFailure.fromJson(parse(await response.text())) ?? new Error(`HTTP ${response.status}`);
    }
    onWord();
    const reader = response.body.getReader();
    const envelopes = new EnvelopeReader(STREAM_MESSAGE_BYTES_MAX);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error("The stream broke off");
      onWord();
      for (const { isEnd, json } of envelopes.take(value)) {
        const message = parse(json);
        if (message === undefined) throw new Error("The stream brought no JSON");
        if (!isEnd) {
          yield message;
          continue;
        }
        const failure = ConnectFailure.fromJson(message["error"]);
        if (failure !== undefined) throw failure;
        return;
      }
    }
  }

  #post(method: string, init: RequestInit): Promise<Response> {
    const fetch = this.#fetch; // Called as a method, a browser's would refuse.
    return fetch(`${this.#baseUrl}/${method}`, { ...init, method: "POST" });
  }
}

function headersOf(contentType: string, token: string | undefined): Record<string, string> {
  return {
    "content-type": contentType,
    "connect-protocol-version": "1",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined; // Not prim's.
  }
}
