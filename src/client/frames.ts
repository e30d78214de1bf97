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

/** The data of a login: see Credentials. */
export interface LoginData {
  /** Who logs in. */
  readonly userId: string;
  /** On which platform. */
  readonly appPlatform: number;
  /** Proves it. */
  readonly serviceToken?: string | undefined;
  /** Display name. */
  readonly nickname?: string | undefined;
  /** Address of a picture. */
  readonly avatar?: string | undefined;
  /** Where each channel was read to; may be empty. */
  readonly positions: readonly ChannelPosition[];
}

/** A room, by its name. */
export interface ChannelData {
  /** "room:<name>". */
  readonly channel: string;
}

/** A room to join, and where to resume from: both of `epoch` and `offset`, or neither. */
export interface JoinData extends ChannelData {
  /** The log that `offset` counts in. */
  readonly epoch?: string | undefined;
  /** The newest offset that was read. */
  readonly offset?: number | undefined;
}

/** Which messages to read. */
export interface HistoryData extends HistoryRange {
  /** A joined room, the own inbox, or "all". */
  readonly channel: string;
}

/** How far a channel was read. */
export interface ReadData {
  /** A joined room or the own inbox. */
  readonly channel: string;
  /** 1 to the newest. */
  readonly offset: number;
}

/** The data of each action. */
export interface RequestData {
  /** Logs in and resumes. */
  readonly login: LoginData;
  /** Asks for an answer, logged in or not. */
  readonly ping: Record<never, never>;
  /** Ends the login; the link stays. */
  readonly logout: Record<never, never>;
  /** Stores a message; `seq` is its id on this side. */
  readonly send: Draft;
  /** Joins a room. */
  readonly join: JoinData;
  /** Leaves a room. */
  readonly leave: ChannelData;
  /** Reads kept messages. */
  readonly history: HistoryData;
  /** Says how far the user has read. */
  readonly read: ReadData;
  /** Says that the user is writing. */
  readonly typing: Target;
}

/** What each action is answered when it succeeds. */
export interface AnswerData {
  /** The session and its channels. */
  readonly login: LoginResult;
  /** Nothing of use. */
  readonly ping: unknown;
  /** Nothing of use. */
  readonly logout: unknown;
  /** The message is stored. */
  readonly send: Receipt;
  /** Where the room stands. */
  readonly join: JoinedChannel;
  /** Nothing of use. */
  readonly leave: unknown;
  /** The page. */
  readonly history: HistoryPage;
  /** Nothing of use. */
  readonly read: unknown;
  /** Nothing of use. */
  readonly typing: unknown;
}

/** What can be asked. */
export type Action = keyof RequestData;

/** A request of one action; `seq` comes back in its answer. */
export type RequestOf<Name extends Action> = {
  /** Comes back in its answer; of a send, the message's id. */
  readonly seq: string;
  /** What is asked. */
  readonly action: Name;
  /** With which data. */
  readonly data: RequestData[Name];
};

/** A request of any action. */
export type ClientRequest = { [Name in Action]: RequestOf<Name> }[Action];

/** The answer to a request. */
export interface Answer {
  /** Tells it from pushes. */
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

/** What is pushed, by the names of PrimClientEvents. */
export interface PushEvents {
  /** A message of a channel the session is a member of. */
  readonly message: Message;
  /** A user came to a room. */
  readonly enter: PresenceEvent;
  /** A user left a room. */
  readonly exit: PresenceEvent;
  /** The members of a big room changed. */
  readonly members: MembersEvent;
  /** A user is writing. */
  readonly typing: TypingEvent;
  /** Somebody has read. */
  readonly read: ReadEvent;
  /** The server speaks. */
  readonly notice: NoticeEvent;
}

/** One kind of what comes without being asked for. */
export interface PushOf<Kind extends keyof PushEvents> {
  /** The name of the event in PrimClientEvents. */
  readonly kind: Kind;
  /** What PrimClient's listeners are given. */
  readonly event: PushEvents[Kind];
}

/** What comes without being asked for, of any kind. */
export type Push = { [Kind in keyof PushEvents]: PushOf<Kind> }[keyof PushEvents];

/** What comes from the server. */
export type ServerFrame = Answer | Push;

export const CODE_SUCCESS = 200;
/** A fault of the server, which closes the session after it. */
export const CODE_SERVER_ERROR = 1004;
export const CODE_UNAUTHORIZED = 1003;
export const CODE_TOO_MANY = 1011;
/** Nothing was stored, or repeating is safe. */
export const CODE_UNAVAILABLE = 1013;
