/**
 * ConnectionBanner: says how the connection is: in a word always, in a sentence when something is wrong.
 */
import type { SessionState } from "../chat/chat-session.ts";
import type { Wording } from "../words/wording.ts";

export interface ConnectionBannerParts {
  readonly banner: HTMLElement;
  readonly text: HTMLElement;
  readonly countdown: HTMLElement;
  readonly retry: HTMLButtonElement;
  /** The word. */
  readonly state: HTMLElement;
}

interface Sentence {
  readonly text: string;
  readonly countdown?: string;
  readonly retry?: boolean;
}

const SECOND_MS = 1_000;
/** The good news goes away by itself. */
const BACK_SHOWN_MS = 3_000;

export class ConnectionBanner {
  readonly #parts: ConnectionBannerParts;
  readonly #words: Wording;
  #timer = 0;
  /** The connection was lost, and isn't back yet. */
  #lost = false;

  constructor(parts: ConnectionBannerParts, words: Wording, retry: () => void) {
    this.#parts = parts;
    this.#words = words;
    parts.retry.textContent = words.retry;
    parts.retry.onclick = retry;
  }

  show(state: SessionState): void {
    window.clearInterval(this.#timer);
    this.#parts.banner.dataset["state"] = state.kind;
    document.body.dataset["connection"] = state.kind;
    switch (state.kind) {
      case "connecting":
        this.#say(this.#words.connecting, this.#lost ? this.#retrying(0) : undefined);
        return;
      case "online":
        this.#say(this.#words.online, this.#lost ? { text: this.#words.back } : undefined);
        this.#lost = false;
        this.#timer = window.setTimeout(() => this.#say(this.#words.online, undefined), BACK_SHOWN_MS);
        return;
      case "draining":
        this.#say(this.#words.online, { text: this.#words.draining });
        return;
      case "offline":
        this.#lost = true;
        this.#count(state.retryAt);
        this.#timer = window.setInterval(() => this.#count(state.retryAt), SECOND_MS);
        return;
      case "refused": {
        const text = state.code === 0 ? this.#words.kicked : this.#words.refused(state.code);
        this.#say(this.#words.offline, { text, retry: true });
      }
    }
  }

  /** There is no session yet, because the server doesn't even answer for its settings. */
  showAway(): void {
    this.#parts.banner.dataset["state"] = "offline";
    this.#say(this.#words.offline, { text: this.#words.away });
  }

  #count(retryAt: number): void {
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / SECOND_MS));
    this.#say(this.#words.offline, this.#retrying(seconds));
  }

  #retrying(seconds: number): Sentence {
    return { text: this.#words.lost, countdown: this.#words.retryIn(seconds), retry: seconds > 0 };
  }

  #say(word: string, sentence: Sentence | undefined): void {
    const { banner, text, countdown, retry, state } = this.#parts;
    setText(state, word);
    banner.classList.toggle("shown", sentence !== undefined);
    // A screen reader reads this aloud whenever it changes; the seconds stand beside it.
    setText(text, sentence?.text ?? "");
    setText(countdown, sentence?.countdown ?? "");
    retry.hidden = sentence?.retry !== true;
  }
}

function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
