/**
 * OutgoingList: what is on its way, below the messages, and what could not be sent.
 */
import type { Outgoing } from "../chat/outbox.ts";
import type { Wording } from "../words/wording.ts";
import { element } from "./element.ts";

export class OutgoingList {
  readonly #list: HTMLOListElement;
  readonly #words: Wording;
  readonly #retry: (seq: string) => void;

  constructor(list: HTMLOListElement, words: Wording, retry: (seq: string) => void) {
    this.#list = list;
    this.#words = words;
    this.#retry = retry;
  }

  show(outgoing: readonly Outgoing[]): void {
    this.#list.replaceChildren(...outgoing.map((message) => this.#item(message)));
  }

  #item({ seq, text, state }: Outgoing): HTMLLIElement {
    const words = element("p", "", text);
    words.dir = "auto";
    const bubble = element("div", "bubble", words);
    const status = element("p", "status", state === "failed" ? this.#words.notSent : this.#words.sending);
    if (state === "failed") {
      const again = element("button", "link", this.#words.sendAgain);
      again.type = "button";
      again.onclick = () => this.#retry(seq);
      status.append(" ", again);
    }
    return element("li", `message own ${state}`, element("div", "body", bubble, status));
  }
}
