/**
 * AccServer by @grpc/grpc-js: the service and its clients, as a node of the reference system has them. It shares no code with prim.
 */
import { join } from "node:path";
import { Client, credentials, loadPackageDefinition, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const PROTO = join(import.meta.dir, "../../proto/protobuf/acc_server.proto");
const { service } = (
  loadPackageDefinition(loadSync(PROTO, { keepCase: true, defaults: true })) as unknown as {
    protobuf: { AccServer: { service: Parameters<Server["addService"]>[0] } };
  }
).protobuf.AccServer;

/** All fields that requests of AccServer have; each has some. */
export interface AccRequest {
  readonly seq: string;
  readonly appID: number;
  readonly userID: string;
  readonly cms: string;
  readonly type: string;
  readonly msg: string;
  readonly isLocal: boolean;
}

export interface AccAnswer {
  readonly retCode: number;
  readonly errMsg?: string;
  readonly online?: boolean;
  readonly sendMsgID?: string;
  readonly userID?: readonly string[];
}

export type AccMethod = "QueryUsersOnline" | "SendMsg" | "SendMsgAll" | "GetUserList";
export type AccHandlers = Readonly<Record<AccMethod, (request: AccRequest) => Promise<AccAnswer>>>;

/** The reference system gives its calls a second; a machine that stands still for a moment is no failure here. */
const CALL_MS_MAX = 5_000;

export class AccServer {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async listen(handlers: AccHandlers, port = 0): Promise<AccServer> {
    const server = new Server();
    server.addService(
      service,
      Object.fromEntries(
        Object.entries(handlers).map(([name, handle]) => [
          name,
          (call: { request: AccRequest }, done: (error: Error | null, answer?: AccAnswer) => void) => {
            handle(call.request).then(
              (answer) => done(null, answer),
              (error: Error) => done(error),
            );
          },
        ]),
      ),
    );
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, used) =>
        error ? reject(error) : resolve(used),
      );
    });
    return new AccServer(server, bound);
  }

  /** Without a word to anybody. */
  kill(): void {
    this.#server.forceShutdown();
  }
}

/** One call with a connection of its own, as the reference system makes them. @throws if there is no answer in time. */
export async function callAcc(
  server: string,
  method: AccMethod,
  request: Partial<AccRequest>,
): Promise<AccAnswer> {
  const definition = service[method];
  if (definition === undefined) throw new Error(`No such method: ${method}`);
  const client = new Client(server, credentials.createInsecure());
  try {
    return await new Promise<AccAnswer>((resolve, reject) => {
      client.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        definition.responseDeserialize,
        request,
        { deadline: Date.now() + CALL_MS_MAX },
        (error, answer) => (error ? reject(error) : resolve(answer as AccAnswer)),
      );
    });
  } finally {
    client.close();
  }
}
