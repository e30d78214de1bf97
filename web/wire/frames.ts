/**
 * The JSON frames as the page sees them: what it sends, the answers, and the pushes. Whatever comes from the
 * server is looked at before it is believed; what the page doesn't know is left alone.
 */

export interface Message {
  readonly id: string;
  readonly seq: string;
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly from: string;
  readonly appPlatform: number;
  readonly type: string;
  readonly msg: string;
  /** Unix milliseconds, never decreasing within a channel. */
  readonly sentAt: number;
  readonly nickname?: string;
  readonly url?: string;
  readonly name?: string;
  /** Pixels. */
  readonly size?: { readonly width: number; readonly height: number };
}

export interface ChannelPosition {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
}

/** How a channel was joined; `recovered` is there only if a position was given. */
export interface JoinedChannel extends ChannelPosition {
  readonly recovered?: boolean;
}

export interface HistoryPage {
  readonly epoch: string;
  /** Offset of the newest message. */
  readonly head: number;
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** True if there are more in the direction that was asked for. */
  readonly more: boolean;
}

export type Push =
  | { readonly kind: "msg"; readonly message: Message }
  | { readonly kind: "enter" | "exit"; readonly channel: string; readonly from: string }
  | { readonly kind: "members"; readonly channel: string; readonly count: number }
  | { readonly kind: "notice"; readonly notice: string; readonly channel: string };

export interface Answer {
  readonly kind: "answer";
  readonly seq: string;
  readonly code: number;
  readonly codeMsg: string;
  readonly data: unknown;
}

export const SUCCESS = 200;

export function requestFrame(seq: string, action: string, data: object): string {
  return JSON.stringify({ seq, action, data });
}

/** @returns undefined for what the page has no use for, or doesn't know. */
export function readFrame(text: string): Answer | Push | undefined {
  const { seq, action, response } = fieldsOf(JSON.parse(text));
  const { code, codeMsg, data } = fieldsOf(response);
  if (action === "msg") {
    const message = messageOf({ ...fieldsOf(data), seq });
    return message === undefined ? undefined : { kind: "msg", message };
  }
  if (typeof seq === "string" && seq !== "" && typeof code === "number") {
    return { kind: "answer", seq, code, codeMsg: textOf(codeMsg), data };
  }
  const { channel, from, count, notice } = fieldsOf(data);
  switch (action) {
    case "enter":
    case "exit":
      return { kind: action, channel: textOf(channel), from: textOf(from) };
    case "members":
      return { kind: action, channel: textOf(channel), count: Number(count) };
    case "notice":
      return { kind: action, channel: textOf(channel), notice: textOf(notice) };
    default:
      return undefined;
  }
}

/** The channels of a login's answer. */
export function joinedChannels(data: unknown): readonly JoinedChannel[] {
  const { channels } = fieldsOf(data);
  return Array.isArray(channels) ? (channels as JoinedChannel[]) : [];
}

export function historyPage(data: unknown): HistoryPage {
  const { epoch, head, messages, more } = fieldsOf(data);
  const list = Array.isArray(messages) ? messages : [];
  return {
    epoch: textOf(epoch),
    head: Number(head),
    messages: list.map(messageOf).filter((message) => message !== undefined),
    more: more === true,
  };
}

function messageOf(value: unknown): Message | undefined {
  const fields = fieldsOf(value);
  const { channel, epoch, offset, from, msg, sentAt } = fields;
  const isPlaced = typeof channel === "string" && typeof epoch === "string" && typeof offset === "number";
  if (!isPlaced || typeof from !== "string" || typeof msg !== "string") return undefined;
  return typeof sentAt === "number" ? (fields as unknown as Message) : undefined;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
