/**
 * Frames as the SDK's parts pass them on: what is asked, what is answered, what is pushed. Codecs and
 * transports make bytes or calls of them.
 */
import type {
  ChannelPosition,
  Draft,
  HistoryPage,
  HistoryRange,
  JoinedChannel,
  LoginResult,
  MembersEvent,
  Message,
  NoticeEvent,
  PresenceEvent,
  ReadEvent,
  Receipt,
  Target,
  TypingEvent,
} from "./messages.ts";

export interface LoginData {
  readonly userId: string;
  readonly appPlatform: number;
  readonly serviceToken?: string | undefined;
  readonly nickname?: string | undefined;
  readonly avatar?: string | undefined;
  readonly positions: readonly ChannelPosition[];
}

/** The data of each action. */
export interface RequestData {
  readonly login: LoginData;
  readonly ping: Record<never, never>;
  readonly logout: Record<never, never>;
  readonly send: Draft;
  readonly join: {
    readonly channel: string;
    readonly epoch?: string | undefined;
    readonly offset?: number | undefined;
  };
  readonly leave: { readonly channel: string };
  readonly history: { readonly channel: string } & HistoryRange;
  readonly read: { readonly channel: string; readonly offset: number };
  readonly typing: Target;
}

/** What each action is answered when it succeeds. */
export interface AnswerData {
  readonly login: LoginResult;
  readonly ping: unknown;
  readonly logout: unknown;
  readonly send: Receipt;
  readonly join: JoinedChannel;
  readonly leave: unknown;
  readonly history: HistoryPage;
  readonly read: unknown;
  readonly typing: unknown;
}

export type Action = keyof RequestData;

export type RequestOf<Name extends Action> = {
  readonly seq: string;
  readonly action: Name;
  readonly data: RequestData[Name];
};

export type ClientRequest = { [Name in Action]: RequestOf<Name> }[Action];

export interface Answer {
  readonly kind: "answer";
  /** Of the request; empty if the server could not read it. */
  readonly seq: string;
  /** 200 for success. */
  readonly code: number;
  /** Says what was wrong. */
  readonly text: string;
  /** AnswerData of the action asked. */
  readonly data: unknown;
}

export type Push =
  | { readonly kind: "message"; readonly event: Message }
  | { readonly kind: "enter" | "exit"; readonly event: PresenceEvent }
  | { readonly kind: "members"; readonly event: MembersEvent }
  | { readonly kind: "typing"; readonly event: TypingEvent }
  | { readonly kind: "read"; readonly event: ReadEvent }
  | { readonly kind: "notice"; readonly event: NoticeEvent };

export type ServerFrame = Answer | Push;

export const CODE_SUCCESS = 200;
/** A fault of the server, which closes the session after it. */
export const CODE_SERVER_ERROR = 1004;
export const CODE_UNAUTHORIZED = 1003;
export const CODE_TOO_MANY = 1011;
/** Nothing was stored, or repeating is safe. */
export const CODE_UNAVAILABLE = 1013;
