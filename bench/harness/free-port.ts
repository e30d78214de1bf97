/**
 * A port of 127.0.0.1 that nobody listens on now, for a server that can't say which it took.
 */
import { createServer } from "node:net";

export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    server.close(() => resolve(port));
  });
  return await promise;
}
