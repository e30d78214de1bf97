/**
 * Ledger: what was sent, answered and heard in a run, and what is wrong with it. Each observation is checked when it is made, so a
 * run of any length costs one entry per message and one number per member and room.
 */

/** A place in a room. */
export interface Place {
  readonly epoch: string;
  readonly offset: number;
}

/** A message as somebody heard or read it. */
export interface Heard extends Place {
  readonly room: string;
  readonly id: string;
  /** Who sent it, and its number with them: unique in the run. */
  readonly key: string;
}

/** Faults that are kept; one is enough to fail, and a broken room makes thousands. */
const FAULTS_MAX = 50;

interface RoomLedger {
  /** What stands at each offset, by the first who heard it. */
  readonly heard: Map<number, Heard>;
  readonly offsetOf: Map<string, number>;
  /** Last offset heard, by member. */
  readonly cursors: Map<string, number>;
}

export class Ledger {
  readonly faults: string[] = [];
  readonly #rooms = new Map<string, RoomLedger>();
  readonly #sent = new Set<string>();
  readonly #answered = new Map<string, Heard>();
  readonly #refused = new Set<string>();
  #heardCount = 0;

  /** A message is being sent. */
  sent(key: string): void {
    this.#sent.add(key);
  }

  /** It was answered as stored. */
  answered(heard: Heard): void {
    this.#answered.set(heard.key, heard);
  }

  /** It was refused with code 1013, and its sender leaves it at that: it may have been stored, once. */
  refused(key: string): void {
    this.#refused.add(key);
  }

  get counts() {
    return {
      sent: this.#sent.size,
      answered: this.#answered.size,
      refused: this.#refused.size,
      heard: this.#heardCount,
    };
  }

  /** A member is in the room, and hears what comes after the place. */
  joined(member: string, room: string, { offset }: Place): void {
    this.#room(room).cursors.set(member, offset);
  }

  /** How far a member has heard. */
  cursor(member: string, room: string): number {
    return this.#room(room).cursors.get(member) ?? 0;
  }

  heard(member: string, heard: Heard): void {
    const { room, offset, key } = heard;
    const ledger = this.#room(room);
    const before = ledger.cursors.get(member);
    this.#heardCount += 1;
    if (before === undefined) {
      this.fault(`${member} hears ${room} ${offset} "${key}" without being in it`);
      return;
    }
    if (offset <= before) {
      this.fault(`double: ${member} hears ${room} ${offset} "${key}" again, after ${before}`);
      return;
    }
    if (offset !== before + 1) {
      this.fault(`missing: ${member} hears ${room} ${offset} "${key}" after ${before}`);
    }
    ledger.cursors.set(member, offset);
    this.#same(member, heard);
  }

  /** What is wrong is kept with its time. */
  fault(text: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(`${new Date().toISOString()} ${text}`);
  }

  /** True if every member has heard everything up to the offset. */
  isHeard(room: string, offset: number): boolean {
    for (const cursor of this.#room(room).cursors.values()) if (cursor < offset) return false;
    return true;
  }

  /** Who has not heard everything up to the offset, and how far they are. */
  missing(room: string, offset: number): string[] {
    return [...this.#room(room).cursors]
      .filter(([, cursor]) => cursor < offset)
      .map(([member, cursor]) => `${member} has heard ${room} up to ${cursor} of ${offset}`);
  }

  /**
   * Compares a whole log with what was answered and heard.
   *
   * @param ordered each sender's messages must stand in the order in which they were sent.
   */
  check(room: string, log: readonly Heard[], ordered: boolean): void {
    const numbers = new Map<string, number>();
    for (const [index, heard] of log.entries()) {
      if (heard.offset !== index + 1)
        this.fault(`hole: the log of ${room} has ${heard.offset} at ${index + 1}`);
      this.#same("the log", heard);
      const [sender = "", number = ""] = heard.key.split(" ");
      if (ordered && Number(number) < (numbers.get(sender) ?? 0)) {
        this.fault(
          `misordered: ${room} ${heard.offset} "${heard.key}" stands behind a later one of its sender`,
        );
      }
      numbers.set(sender, Number(number));
    }
    for (const answered of this.#answered.values()) {
      if (answered.room !== room) continue;
      const stored = log[answered.offset - 1];
      if (stored?.key !== answered.key || stored.id !== answered.id) {
        this.fault(
          `lost: "${answered.key}" was answered ${room} ${answered.offset}, the log has "${stored?.key}"`,
        );
      }
    }
    for (const text of this.missing(room, log.length)) this.fault(`missing: ${text}`);
  }

  #same(who: string, heard: Heard): void {
    const { room, offset, key, id, epoch } = heard;
    const ledger = this.#room(room);
    if (!this.#sent.has(key))
      this.fault(`invented: ${who} has ${room} ${offset} "${key}", which nobody sent`);
    const first = ledger.heard.get(offset);
    if (first === undefined) {
      const other = ledger.offsetOf.get(key);
      if (other !== undefined) this.fault(`twice: "${key}" is ${room} ${other} and ${offset}`);
      ledger.heard.set(offset, heard);
      ledger.offsetOf.set(key, offset);
    } else if (first.id !== id || first.key !== key || first.epoch !== epoch) {
      this.fault(
        `misordered: ${who} has "${key}" (${id}, epoch ${epoch}) at ${room} ${offset}, others "${first.key}" (${first.id}, epoch ${first.epoch})`,
      );
    }
  }

  #room(room: string): RoomLedger {
    let ledger = this.#rooms.get(room);
    if (ledger === undefined) {
      ledger = { heard: new Map(), offsetOf: new Map(), cursors: new Map() };
      this.#rooms.set(room, ledger);
    }
    return ledger;
  }
}
