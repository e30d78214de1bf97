/**
 * Identity: the guest's name. A reload and the next visit come back to the same one; a second window beside the
 * first is somebody else, so that one person can try out a chat of two.
 */

export interface IdentityParts {
  /** Of this window, and of this browser. */
  readonly session: Storage;
  readonly local: Storage;
  /** Opens the line to the page's other windows. */
  readonly openLine: () => BroadcastChannel;
  readonly invent: () => string;
}

const KEY = "prim.name";
/** What other windows get to say that the name is taken: they run on the same machine. */
const ANSWER_MS_MAX = 200;

export class Identity {
  readonly #parts: IdentityParts;
  readonly #line: BroadcastChannel;
  #name = "";

  private constructor(parts: IdentityParts, line: BroadcastChannel) {
    this.#parts = parts;
    this.#line = line;
  }

  static async open(parts: IdentityParts): Promise<Identity> {
    const line = parts.openLine();
    const identity = new Identity(parts, line);
    const own = parts.session.getItem(KEY);
    const last = parts.local.getItem(KEY);
    if (own) identity.name = own;
    else if (last && !(await isTaken(line, last))) identity.name = last;
    else identity.name = parts.invent();
    line.onmessage = ({ data }) => {
      if (data?.ask === identity.name) line.postMessage({ taken: identity.name });
    };
    return identity;
  }

  get name(): string {
    return this.#name;
  }

  set name(name: string) {
    this.#name = name;
    this.#parts.session.setItem(KEY, name);
    this.#parts.local.setItem(KEY, name);
  }

  close(): void {
    this.#line.close();
  }
}

async function isTaken(line: BroadcastChannel, name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ANSWER_MS_MAX);
    line.onmessage = ({ data }) => {
      if (data?.taken !== name) return;
      clearTimeout(timer);
      resolve(true);
    };
    line.postMessage({ ask: name });
  });
}
