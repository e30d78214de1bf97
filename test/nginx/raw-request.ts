/** HTTP/1.1 written by hand, for what no client library sends, or from another address of this machine. */
import { connect } from "node:net";
import { within } from "../deadline.ts";

export interface RawOptions {
  /** `host:port`. */
  readonly to: string;
  /** Address that the request comes from; all of 127.0.0.0/8 is this machine. */
  readonly from?: string;
  readonly method?: string;
  /** Sent as it is. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  /** All of it: status line, headers and body. */
  readonly text: string;
}

/** Sends a request and reads until the server closes the connection. */
export async function rawRequest({ to, from, method, path, headers, body }: RawOptions): Promise<RawAnswer> {
  const { hostname, port } = new URL(`http://${to}`);
  const lines = Object.entries({ host: to, connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const done = new Promise<string>((resolve, reject) => {
    let text = "";
    const address = { host: hostname, port: Number(port), ...(from !== undefined && { localAddress: from }) };
    const socket = connect(address, () => {
      socket.write(`${method ?? "GET"} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`);
    });
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      text += String(chunk);
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
  const text = await within(done, `an answer to ${path}`);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]), text };
}
