/**
 * NameDialog: shows the user's name at the top, and asks for another one.
 */
import type { Wording } from "../words/wording.ts";
import { avatar } from "./avatar.ts";
import { element } from "./element.ts";

export interface NameDialogParts {
  readonly button: HTMLButtonElement;
  readonly dialog: HTMLDialogElement;
  readonly form: HTMLFormElement;
  readonly label: HTMLElement;
  readonly input: HTMLInputElement;
  readonly hint: HTMLElement;
  readonly fault: HTMLElement;
  readonly cancel: HTMLButtonElement;
  readonly save: HTMLButtonElement;
}

export class NameDialog {
  readonly #parts: NameDialogParts;
  readonly #words: Wording;
  readonly #choose: (name: string) => void;
  #name = "";

  /** @param choose called with a name that is not empty and not the one there was. */
  constructor(parts: NameDialogParts, words: Wording, choose: (name: string) => void) {
    this.#parts = parts;
    this.#words = words;
    this.#choose = choose;
    parts.label.textContent = words.yourName;
    parts.hint.textContent = words.nameHint;
    parts.cancel.textContent = words.cancel;
    parts.save.textContent = words.save;
    parts.button.onclick = () => this.ask("");
    parts.cancel.onclick = () => parts.dialog.close();
    parts.form.onsubmit = (event) => {
      event.preventDefault();
      this.#save();
    };
  }

  /** The name the user has now. */
  show(name: string): void {
    this.#name = name;
    const { button } = this.#parts;
    const text = element("span", "name", name);
    text.dir = "auto";
    button.replaceChildren(avatar(name), text);
    button.setAttribute("aria-label", this.#words.changeName(name));
    button.title = this.#words.changeName(name);
  }

  /** @param fault what is wrong with the name there is; empty if nothing. */
  ask(fault: string): void {
    const { dialog, input } = this.#parts;
    input.value = this.#name;
    if (!dialog.open) dialog.showModal();
    this.#parts.fault.textContent = fault;
    input.setAttribute("aria-invalid", String(fault !== ""));
    input.select();
  }

  #save(): void {
    const { dialog, input } = this.#parts;
    const name = input.value.trim();
    if (name === "") return;
    dialog.close();
    if (name !== this.#name) this.#choose(name);
  }
}
