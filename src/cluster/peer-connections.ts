/**
 * PeerConnections: one HTTP/2 connection to each peer, shared by its link and by calls. Opened when it is used.
 *
 * No compression: it costs more than the network between nodes. No pings of the connection: links have their own
 * signs of life, which tell that the peer's event loop turns, and calls have deadlines.
 */
import { type Client, Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import { createGrpcTransport, createNodeHttpClient, Http2SessionManager } from "@connectrpc/connect-node";
import type { NodeId } from "../base/ids.ts";
import { LINK_FRAME_BYTES_MAX } from "../base/limits.ts";
import type { LivingNode } from "../core/node-registry.ts";
import { NodeService } from "../gen/prim/v1/node_pb.ts";
import type { OpenLink } from "./link-call.ts";

export interface PeerConnectionOptions {
  /** What nodes of the cluster show each other. */
  readonly secret: string;
  /** Undefined: clear text. `ca`: certificates to trust, PEM; without them those of the system. */
  readonly tls?: { readonly ca?: string | undefined } | undefined;
}

/** Megabytes that an HTTP/2 session may hold; the default of 10 breaks it for good when one frame comes near that. */
const SESSION_MEMORY_MIB_MAX = 1_000;

export class PeerConnection {
  readonly client: Client<typeof NodeService>;
  readonly #url: string;
  readonly #tlsOptions: { readonly ca?: string };
  #session: Http2SessionManager;

  /** @param rpcAddress host:port. */
  constructor(rpcAddress: string, { secret, tls }: PeerConnectionOptions) {
    this.#url = `${tls === undefined ? "http" : "https"}://${rpcAddress}`;
    this.#tlsOptions = tls?.ca === undefined ? {} : { ca: tls.ca };
    this.#session = this.#newSession();
    const sessionManager = {
      authority: new URL(this.#url).origin,
      request: (...args: Parameters<Http2SessionManager["request"]>) => this.#session.request(...args),
      notifyResponseByteRead: (...args: Parameters<Http2SessionManager["notifyResponseByteRead"]>) =>
        this.#session.notifyResponseByteRead(...args),
    };
    const send = createNodeHttpClient({ httpVersion: "2", sessionProvider: () => sessionManager });
    this.forward = (request) => send({ ...request, url: this.#url + new URL(request.url).pathname });
    const transport = createGrpcTransport({
      baseUrl: this.#url,
      interceptors: [showSecret(secret)],
      acceptCompression: [],
      readMaxBytes: LINK_FRAME_BYTES_MAX,
      writeMaxBytes: LINK_FRAME_BYTES_MAX,
      sessionManager,
    });
    this.client = createClient(NodeService, transport);
  }

  /** Hands a call on as it is. @throws {ConnectError} if the peer can't be reached. */
  readonly forward: UniversalClientFn;
  readonly openLink: OpenLink = (frames, signal) => this.client.link(frames, { signal });

  /** Breaks the connection off, with all that is under way on it; the next use opens another. */
  reset(): void {
    const broken = this.#session;
    this.#session = this.#newSession();
    broken.abort(new ConnectError("The connection is broken off", Code.Unavailable));
  }

  #newSession(): Http2SessionManager {
    const options = { ...this.#tlsOptions, maxSessionMemory: SESSION_MEMORY_MIB_MAX };
    return new Http2SessionManager(this.#url, {}, options);
  }
}

export class PeerConnections {
  readonly #options: PeerConnectionOptions;
  readonly #connections = new Map<NodeId, PeerConnection>();

  constructor(options: PeerConnectionOptions) {
    this.#options = options;
  }

  to({ nodeId, rpcAddress }: Pick<LivingNode, "nodeId" | "rpcAddress">): PeerConnection {
    let connection = this.#connections.get(nodeId);
    if (connection === undefined) {
      connection = new PeerConnection(rpcAddress, this.#options);
      this.#connections.set(nodeId, connection);
    }
    return connection;
  }

  /** Breaks off the connection to a peer that is no more. */
  drop(nodeId: NodeId): void {
    this.#connections.get(nodeId)?.reset();
    this.#connections.delete(nodeId);
  }

  close(): void {
    for (const nodeId of [...this.#connections.keys()]) this.drop(nodeId);
  }
}

function showSecret(secret: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${secret}`);
    return next(request);
  };
}
