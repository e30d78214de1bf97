/**
 * PeopleList: who is here, the user first, the others by name.
 */
import type { People } from "../chat/roster.ts";
import type { Wording } from "../words/wording.ts";
import { avatar } from "./avatar.ts";
import { element } from "./element.ts";

export interface PeopleListParts {
  readonly list: HTMLUListElement;
  readonly title: HTMLElement;
  readonly more: HTMLElement;
  readonly toggle: HTMLButtonElement;
  readonly toggleCount: HTMLElement;
  readonly panel: HTMLElement;
}

/** Names that are shown; of the others only how many there are. */
const SHOWN_MAX = 200;

export class PeopleList {
  readonly #parts: PeopleListParts;
  readonly #words: Wording;
  readonly #order: Intl.Collator;
  #people: People = { names: new Set(), count: 0 };
  #self = "";
  #isDue = false;

  constructor(parts: PeopleListParts, words: Wording, language: string) {
    this.#parts = parts;
    this.#words = words;
    this.#order = new Intl.Collator(language, { numeric: true });
    parts.toggle.onclick = () => this.#open(!parts.panel.classList.contains("open"));
    this.#render();
  }

  show(people: People, self: string): void {
    this.#people = people;
    this.#self = self;
    if (this.#isDue) return;
    // Many may come at once; they are drawn once.
    this.#isDue = true;
    window.requestAnimationFrame(() => {
      this.#isDue = false;
      this.#render();
    });
  }

  /** On narrow screens the list is closed until it is asked for. */
  #open(isOpen: boolean): void {
    this.#parts.panel.classList.toggle("open", isOpen);
    this.#parts.toggle.setAttribute("aria-expanded", String(isOpen));
  }

  #render(): void {
    const { list, title, more, toggle, toggleCount } = this.#parts;
    const { names, count } = this.#people;
    title.textContent = this.#words.people(count);
    toggle.setAttribute("aria-label", this.#words.showPeople(count));
    toggleCount.textContent = String(count);
    const shown = [...names].sort((a, b) => this.#compare(a, b)).slice(0, SHOWN_MAX);
    list.replaceChildren(...shown.map((name) => this.#item(name)));
    more.hidden = count <= shown.length;
    more.textContent = this.#words.morePeople(count - shown.length);
  }

  #item(name: string): HTMLLIElement {
    const text = element("span", "name", name);
    text.dir = "auto";
    text.title = name;
    const item = element("li", "", avatar(name), text);
    if (name === this.#self) item.append(element("span", "badge", this.#words.you));
    return item;
  }

  #compare(a: string, b: string): number {
    if (a === b) return 0;
    if (a === this.#self) return -1;
    return b === this.#self ? 1 : this.#order.compare(a, b);
  }
}
