/**
 * FollowEnd: keeps a scroller at its end while the reader is there, whatever grows or shrinks, and leaves them alone
 * when they have scrolled up.
 */

/** So near the end counts as there. */
const SLACK_PX = 48;
/** A movement so soon after something has changed its size may come from that. */
const SETTLING_MS = 300;
/** A movement so soon after a wheel, a finger or a key is the reader's. */
const INTENT_MS = 400;
const INTENTS = ["wheel", "touchmove", "keydown", "pointerdown"] as const;

export class FollowEnd {
  readonly #scroller: HTMLElement;
  readonly #onChange: (atEnd: boolean) => void;
  readonly #observer: ResizeObserver;
  #atEnd = true;
  #lastTop = 0;
  #resizedAt = Number.NEGATIVE_INFINITY;
  #intentAt = Number.NEGATIVE_INFINITY;

  /** @param content the scroller's only child. @param onChange is told whether the end is seen. */
  constructor(scroller: HTMLElement, content: Element, onChange: (atEnd: boolean) => void) {
    this.#scroller = scroller;
    this.#onChange = onChange;
    scroller.addEventListener("scroll", this.#look, { passive: true });
    for (const name of INTENTS) scroller.addEventListener(name, this.#intend, { passive: true });
    this.#observer = new ResizeObserver(() => {
      this.#resizedAt = performance.now();
      if (this.#atEnd) this.#jump();
      else this.#look();
    });
    this.#observer.observe(scroller);
    this.#observer.observe(content);
  }

  /** Goes to the end and stays there. */
  follow(): void {
    this.#set(true);
    this.#jump();
  }

  /** The reader is to stay where they are. */
  letGo(): void {
    this.#set(false);
  }

  close(): void {
    this.#observer.disconnect();
    this.#scroller.removeEventListener("scroll", this.#look);
    for (const name of INTENTS) this.#scroller.removeEventListener(name, this.#intend);
  }

  readonly #intend = (): void => {
    this.#intentAt = performance.now();
  };

  readonly #look = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const atEnd = scrollHeight - clientHeight - scrollTop < SLACK_PX;
    // Rows that turn out smaller than was thought move the place as well: only the reader leaves the end. A search in the
    // page or a screen reader moves it without a key or a finger.
    const now = performance.now();
    const isReader = now - this.#intentAt < INTENT_MS || now - this.#resizedAt > SETTLING_MS;
    const wentUp = scrollTop < this.#lastTop - 1 && isReader;
    this.#lastTop = scrollTop;
    if (atEnd !== this.#atEnd && (atEnd || wentUp)) this.#set(atEnd);
    else if (this.#atEnd && !atEnd) this.#jump();
  };

  #jump(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }

  #set(atEnd: boolean): void {
    if (atEnd === this.#atEnd) return;
    this.#atEnd = atEnd;
    this.#onChange(atEnd);
  }
}
