/**
 * FakeTransport: links that a test opens, feeds and ends by hand.
 */
import type { Action, ClientRequest, Push, RequestOf } from "../../src/client/frames.ts";
import type { Message } from "../../src/client/messages.ts";
import type { Link, LinkEvents, Transport } from "../../src/client/transport.ts";

export class FakeTransport implements Transport {
  readonly links: FakeLink[] = [];

  open(events: LinkEvents): Link {
    const link = new FakeLink(events);
    this.links.push(link);
    return link;
  }

  /** The newest. */
  get link(): FakeLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("No link was opened");
    return link;
  }
}

export class FakeLink implements Link {
  readonly events: LinkEvents;
  readonly sent: ClientRequest[] = [];
  closed = false;

  constructor(events: LinkEvents) {
    this.events = events;
  }

  send(request: ClientRequest): void {
    this.sent.push(request);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** All requests of an action, oldest first. */
  asked<Name extends Action>(action: Name): RequestOf<Name>[] {
    return this.sent.filter((request) => request.action === action) as unknown as RequestOf<Name>[];
  }

  answer(seq: string | undefined, data: unknown, code = 200): void {
    this.events.frame({ kind: "answer", seq: seq ?? "?", code, text: `code ${code}`, data });
  }

  push(push: Push): void {
    this.events.frame(push);
  }

  message(channel: string, offset: number, epoch = "e1"): void {
    this.push({ kind: "message", event: messageAt(channel, offset, epoch) });
  }

  end(code: number): void {
    this.events.ended({ code, text: "" });
  }
}

export function messageAt(channel: string, offset: number, epoch = "e1"): Message {
  return {
    id: `${channel} ${epoch} ${offset}`,
    seq: `${offset}`,
    ...{ channel, epoch, offset, from: "bob", appPlatform: 101, target: "" },
    ...{ type: "text", msg: `${offset}`, sentAt: offset },
  };
}

/** Lets what was promised happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
