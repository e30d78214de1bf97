/**
 * Where each connection has read to, per room, for floods that resume: kept as prim's clients keep
 * it, and told at the next login. Reads JSON frames whole, so it is for such floods only.
 */
import type { Position } from "./wire.ts";

interface Placed {
  readonly channel?: string;
  readonly epoch?: string;
  readonly offset?: number;
}

interface AnsweredFrame {
  readonly response?: {
    readonly data?: (Placed & { readonly channels?: readonly { readonly recovered?: boolean }[] }) | null;
  };
}

export class Positions {
  /** By connection: the offset and epoch of each room that it has joined. */
  readonly #rooms: (Map<string, Position> | undefined)[];

  constructor(count: number) {
    this.#rooms = new Array<Map<string, Position> | undefined>(count).fill(undefined);
  }

  /** Undefined before the first join. */
  of(at: number): readonly Position[] | undefined {
    const rooms = this.#rooms[at];
    return rooms === undefined ? undefined : [...rooms.values()];
  }

  noteJoin(at: number, payload: Buffer): void {
    const place = placeIn(payload);
    if (place === undefined) return;
    this.#rooms[at] ??= new Map();
    this.#rooms[at].set(place.channel, place);
  }

  /** A message came. Others' inboxes and the broadcast are not resumed here. */
  note(at: number, payload: Buffer): void {
    const place = placeIn(payload);
    const rooms = this.#rooms[at];
    if (place !== undefined && rooms?.has(place.channel) === true) rooms.set(place.channel, place);
  }

  /** @returns whether a login with positions recovered them all; undefined if this login brought none. */
  returned(at: number, payload: Buffer): boolean | undefined {
    if (this.#rooms[at] === undefined) return undefined;
    const { response } = JSON.parse(payload.toString()) as AnsweredFrame;
    return response?.data?.channels?.every(({ recovered }) => recovered !== false) ?? false;
  }
}

function placeIn(payload: Buffer): Position | undefined {
  const { response } = JSON.parse(payload.toString()) as AnsweredFrame;
  const { channel, epoch, offset } = response?.data ?? {};
  if (channel === undefined || epoch === undefined || offset === undefined) return undefined;
  return { channel, epoch, offset };
}
