/**
 * Composer: the box to write in. Enter sends, Shift+Enter breaks the line; a text that can't be sent now stays.
 */
import type { Wording } from "../words/wording.ts";

export interface ComposerParts {
  readonly form: HTMLFormElement;
  readonly label: HTMLElement;
  readonly text: HTMLTextAreaElement;
  readonly button: HTMLButtonElement;
}

export class Composer {
  readonly #parts: ComposerParts;
  readonly #words: Wording;
  readonly #send: (text: string) => boolean;
  #hadFocus = false;

  /** @param send takes the text; false if it could not. */
  constructor(parts: ComposerParts, words: Wording, send: (text: string) => boolean) {
    this.#parts = parts;
    this.#words = words;
    this.#send = send;
    // With a mouse and keys one writes at once; on a phone the keyboard would cover half the page.
    this.#hadFocus = window.matchMedia("(hover: hover)").matches;
    parts.label.textContent = words.writeHere;
    parts.button.setAttribute("aria-label", words.send);
    parts.button.title = words.send;
    parts.form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    parts.text.onkeydown = (event) => {
      // While an input method is composing, Enter chooses a word.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    };
    this.setEnabled(false);
  }

  setEnabled(isEnabled: boolean): void {
    const { text, button } = this.#parts;
    text.placeholder = isEnabled ? this.#words.writeHere : this.#words.offlineHint;
    if (text.disabled === !isEnabled) return;
    // Disabling takes the focus away: it goes back to where the user had it.
    if (!isEnabled) this.#hadFocus = document.activeElement === text;
    text.disabled = !isEnabled;
    button.disabled = !isEnabled;
    if (isEnabled && this.#hadFocus && document.activeElement === document.body) text.focus();
  }

  #submit(): void {
    const { text } = this.#parts;
    if (text.disabled || text.value.trim() === "") return;
    if (!this.#send(text.value.trimEnd())) {
      text.setCustomValidity(this.#words.tooMany);
      text.reportValidity();
      text.setCustomValidity("");
      return;
    }
    text.value = "";
  }
}
